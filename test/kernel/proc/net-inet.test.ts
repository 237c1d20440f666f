import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InetProtocol, scanInet } from '../../../src/kernel/proc/net-inet.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { hex, inodes, neverThrows, unsigned } from './bytes.ts';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode${' '.repeat(53)}
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 547 1 00000000f3bb0133 100 0 0 10 0                       
   1: 0100007F:C2BE 0100007F:84ED 01 00000010:00000000 01:00000014 00000000  1000        0 10850 2 000000005fe5cdf3 20 0 0 11 -1                     
   2: 0100007F:84ED 0100007F:C2BE 06 00000000:00000000 03:000009D3 00000000     0        0 0 3 00000000e4cd4fd7                                      
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:8C51 00000000000000000000000000000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 10846 3 000000003b7f1f8a 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:84ED 0000000000000000FFFF00000100007F:C2BE 01 00000000:00000005 00:00000000 00000000     0        0 10851 1 000000001f6cf3ae 20 4 30 10 -1
   5: 00000000000000000000000001000000:8C51 00000000000000000000000001000000:97A2 01 00000000:00000000 00:00000000 00000000     0        0 0 1 00000000baa73a86 20 0 0 10 -1
`;
const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 1040: 0100007F:A1D8 0100007F:D393 01 00000000:00000000 00:00000000 00000000     0        0 10853 2 000000006d60b9c6 0         
13771: 0100007F:D393 00000000:0000 07 00000000:00000340 00:00000000 00000000     0        0 10852 2 00000000467c4f5c 0         
`;
const RAW6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  207: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 10863 2 00000000969f08ad 0
`;

function scan(text: string, protocol: InetProtocol): SocketRow[] {
  const rows: SocketRow[] = [];
  scanInet(text, protocol, (row) => rows.push(row), undefined, 'LE');
  return rows;
}

describe('scanInet', () => {
  it('reads a captured tcp table', () => {
    expect(scan(TCP, 'tcp')).toEqual([
      {
        protocol: 'tcp',
        inode: '547',
        state: 'LISTEN',
        localAddress: '0.0.0.0',
        localPort: 2024,
        remoteAddress: '0.0.0.0',
        remotePort: 0,
        receiveQueue: 0,
        sendQueue: 0,
        uid: 0,
      },
      {
        protocol: 'tcp',
        inode: '10850',
        state: 'ESTABLISHED',
        localAddress: '127.0.0.1',
        localPort: 49854,
        remoteAddress: '127.0.0.1',
        remotePort: 34029,
        receiveQueue: 0,
        sendQueue: 16,
        uid: 1000,
      },
      expect.objectContaining({ inode: '0', state: 'TIME_WAIT' }),
    ]);
  });

  it('reads a captured tcp6 table: an accept queue of two, a mapped peer, a connection nobody accepted', () => {
    expect(scan(TCP6, 'tcp6')).toMatchObject([
      { inode: '10846', state: 'LISTEN', localAddress: '::1', localPort: 35921, remoteAddress: '::', receiveQueue: 2 },
      { inode: '10851', localAddress: '::ffff:127.0.0.1', remoteAddress: '::ffff:127.0.0.1', receiveQueue: 5 },
      { inode: '0', state: 'ESTABLISHED', localPort: 35921 },
    ]);
  });

  it('reads captured udp and raw tables, where 07 means not connected', () => {
    expect(scan(UDP, 'udp')).toMatchObject([
      { protocol: 'udp', inode: '10853', state: 'ESTABLISHED', remotePort: 54163 },
      { protocol: 'udp', inode: '10852', state: 'UNCONNECTED', receiveQueue: 832 },
    ]);
    expect(scan(RAW6, 'raw6')).toMatchObject([{ protocol: 'raw6', inode: '10863', state: 'UNCONNECTED', localPort: 58 }]);
  });

  it('asks with the cheap values first and makes only the wanted rows', () => {
    const asked: unknown[] = [];
    const rows: SocketRow[] = [];
    scanInet(
      TCP,
      'tcp',
      (row) => rows.push(row),
      (...values) => asked.push(values) === 2,
      'LE',
    );
    expect(asked).toEqual([
      ['547', 10, 2024, 0],
      ['10850', 1, 49854, 34029],
      ['0', 6, 34029, 49854],
    ]);
    expect(rows.map((row) => row.inode)).toEqual(['10850']);
  });

  it('skips a row that is cut off or malformed, and goes on', () => {
    expect(scan(TCP.slice(0, TCP.indexOf('850 2')), 'tcp').map((row) => row.inode)).toEqual(['547']);
    expect(scan(TCP.replace('00000000:07E8', '0000000G:07E8'), 'tcp').map((row) => row.inode)).toEqual(['10850', '0']);
    expect(scan(TCP.replace('\n', '\n   0: 00000000:07E8\n\n: :\n'), 'tcp')).toHaveLength(3);
    // A table of the other family has no row in common.
    expect(scan(TCP6, 'tcp')).toEqual([]);
  });

  it('names the states', () => {
    const names = 'ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING NEW_SYN_RECV';
    const states = names.split(' ').map((_, i) => scan(TCP.replace(' 0A ', ` ${hex(i + 1, 2)} `), 'tcp')[0]?.state);
    expect(states.join(' ')).toBe(names);
  });

  it('names a state it does not know', () => {
    expect(scan(TCP.replace(' 0A ', ' 0D '), 'tcp')[0]?.state).toBe('UNKNOWN_13');
  });

  it('takes time linear in a hostile text', () => {
    const text = '\n 1'.repeat(500_000);
    const begun = process.cpuUsage();
    expect(scan(text, 'tcp')).toEqual([]);
    expect(process.cpuUsage(begun).user).toBeLessThan(5_000_000);
  });

  it('reads back what the kernel would print, in either byte order', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    const protocols: InetProtocol[] = ['tcp', 'tcp6', 'udp', 'udp6', 'udplite', 'udplite6', 'raw', 'raw6', 'icmp', 'icmp6'];
    const queues = fc.record({ receiveQueue: unsigned(32), sendQueue: unsigned(32) });
    const ports = fc.record({ localPort: unsigned(16), remotePort: unsigned(16), uid: unsigned(32) });
    const model = fc.tuple(ports, queues, inodes, bytes(16), bytes(16), fc.integer({ min: 1, max: 12 }), unsigned(20));
    fc.assert(
      fc.property(
        fc.constantFrom(...protocols),
        fc.constantFrom('LE' as const, 'BE' as const),
        fc.array(model, { maxLength: 4 }),
        (protocol, order, models) => {
          const size = protocol.endsWith('6') ? 16 : 4;
          const address = (raw: Uint8Array): string => {
            let text = '';
            for (let at = 0; at < size; at += 4) {
              const view = new DataView(raw.buffer, raw.byteOffset + at, 4);
              text += hex(view.getUint32(0, order === 'LE'), 8);
            }
            return text;
          };
          const lines = models.map(
            ([port, queue, inode, local, remote, state, slot]) =>
              `${String(slot).padStart(4)}: ${address(local)}:${hex(port.localPort, 4)} ${address(remote)}:${hex(port.remotePort, 4)} ` +
              `${hex(state, 2)} ${hex(queue.sendQueue, 8)}:${hex(queue.receiveQueue, 8)} 00:00000000 00000000 ` +
              `${String(port.uid).padStart(5)} ${'0'.padStart(8)} ${inode} 2 0000000000000000 0\n`,
          );
          const rows: SocketRow[] = [];
          scanInet(`  sl  header\n${lines.join('')}`, protocol, (row) => rows.push(row), undefined, order);
          expect(rows).toMatchObject(models.map(([port, queue, inode]) => ({ protocol, inode, ...port, ...queue })));
          rows.forEach((row, i) => {
            const local = models[i]?.[3].slice(0, size) ?? new Uint8Array();
            if (size === 4) expect(row.localAddress).toBe([...local].join('.'));
            else
              expect(canonical(row.localAddress ?? '')).toBe(
                canonical((Buffer.from(local).toString('hex').match(/.{4}/g) ?? []).join(':')),
              );
          });
        },
      ),
    );
  });

  it('never throws', () => {
    neverThrows((text) => scan(text, 'tcp'), TCP);
    neverThrows((text) => scan(text, 'tcp6'), TCP6);
    neverThrows((text) => scan(text, 'udp'), UDP);
  });
});

const canonical = (address: string): string => new URL(`http://[${address}]/`).hostname;
