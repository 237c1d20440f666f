import { limitRule } from './host-limit.ts';

/** nf_conntrack_max: connections that the firewall follows, of one network namespace. */
export const conntrack = limitRule('host/conntrack', {
  kind: 'conntrack',
  what: ({ of }) => `connections that netfilter follows${of === undefined ? '' : ` in ${of}`} (nf_conntrack_max)`,
  effect: 'packets of new connections are dropped, without a word to either side but in the log of the kernel ("nf_conntrack: table full, dropping packet")',
  remedies: ({ limit }) => [
    { text: 'what clients see: connects that take 1 s, 3 s, 7 s, or time out', risk: 'none' },
    { text: 'see whose they are', command: 'sudo conntrack -L | awk \'{print $1, $4}\' | sort | uniq -c | sort -rn | head', risk: 'none' },
    { text: 'raise it (about 400 bytes each)', command: `sudo sysctl -w net.netfilter.nf_conntrack_max=${limit! * 2}`, risk: 'host' },
    { text: 'for good: do not follow what needs no state (NOTRACK), shorter nf_conntrack_tcp_timeout_established', risk: 'host' },
  ],
});
