/** Colours of light and dark, with a contrast of 4.5 to 1 at least; prints as it reads. */
export const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--line:#d0d7de;--back:#fff;--soft:#f6f8fa;--critical:#b3261e;--warning:#8a5300;--info:#0550ae;--good:#116329}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--line:#30363d;--back:#0d1117;--soft:#161b22;--critical:#ff9a8f;--warning:#e3b341;--info:#79c0ff;--good:#56d364}}
*{box-sizing:border-box}body{margin:0 auto;max-width:74rem;padding:1.5rem;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header{border-left:.4rem solid var(--mark);padding:.2rem 1rem;margin-bottom:1.5rem}header.critical{--mark:var(--critical)}header.warning{--mark:var(--warning)}header.info{--mark:var(--info)}header.good{--mark:var(--good)}
h1{font-size:1.35rem;margin:0}h1 b{margin-right:.5rem;color:var(--mark)}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}h3{font-size:1rem;margin:0}
.dim,figcaption,.axis{color:var(--dim)}.critical{color:var(--critical)}.warning{color:var(--warning)}.info{color:var(--info)}.good{color:var(--good)}.strong{font-weight:600}header.critical,header.warning,header.info,header.good{color:var(--ink)}
article{border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;margin:.8rem 0}article p{margin:.4rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0}th{color:var(--dim);font-weight:600;text-align:left;font-size:.8rem}th,td{padding:.2rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}.long{overflow-wrap:anywhere;min-width:9rem}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{background:var(--soft);border-radius:.3rem;padding:.5rem .7rem;overflow-x:auto;font:.85rem/1.4 ui-monospace,monospace;margin:.4rem 0}pre.command{white-space:pre-wrap}
details{border-top:1px solid var(--line);padding:.6rem 0}summary{cursor:pointer;font-weight:600;font-size:1.1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dd{margin:0}
figure{margin:.8rem 0;overflow-x:auto}.chart{width:100%;min-width:30rem;max-width:46rem;height:auto;display:block}.axis,.limit-word{font-size:11px;fill:var(--dim)}.grid{stroke:var(--line)}.series{fill:none;stroke:var(--info);stroke-width:2}.limit{stroke:var(--critical);stroke-dasharray:5 4}.limit-word{fill:var(--critical)}
@media print{body{max-width:none;padding:0}pre{white-space:pre-wrap}article{break-inside:avoid}}
`;
