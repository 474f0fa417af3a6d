/** Light and dark by the reader's setting; narrow pages have one column. No script, no font, no network. */
export const STYLE: string = `
:root{color-scheme:light dark;--page:#fff;--ink:#1a2230;--soft:#5b6778;--rule:#d9dfe7;--band:#f3c46a55;--admitted:#5a7bd8;--delivered:#17835c;--retried:#b06a00;--dropped:#c62839;--level:#6a4fc0}
@media (prefers-color-scheme:dark){:root{--page:#12161d;--ink:#e6eaf0;--soft:#9aa7b8;--rule:#2c3542;--band:#a8741f55;--admitted:#8fa9f5;--delivered:#4cc596;--retried:#f0b04d;--dropped:#ff7b86;--level:#b5a1f5}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1100px;padding:16px;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4em;margin:.2em 0}h2{font-size:1.1em;margin:1.6em 0 .4em}
p{margin:.3em 0}small,.soft{color:var(--soft);font-weight:normal;font-size:.85em}
.law{font-size:1.15em;padding:.6em .8em;border:1px solid var(--rule);border-left:5px solid var(--delivered)}
.law.broken{border-left-color:var(--dropped)}
figure{margin:1.4em 0}figcaption{font-weight:600}
.legend,.marks{list-style:none;margin:.2em 0;padding:0;display:flex;flex-wrap:wrap;gap:.2em 1.2em;font-size:.9em}
.legend b{font-weight:normal;color:var(--soft)}
.marks{display:block}
.key{display:inline-block;width:14px;height:4px;margin-right:.4em;vertical-align:middle;background:currentColor}
.chart{display:grid;grid-template-columns:52px minmax(0,1fr);column-gap:6px}
.y,.x{color:var(--soft);font-size:12px;display:flex;justify-content:space-between;font-variant-numeric:tabular-nums}
.y{flex-direction:column;text-align:right}.x{grid-column:2}
svg{display:block;width:100%;border-bottom:1px solid var(--rule)}
.plot{height:150px}.strip{height:18px}
.row{font-size:12px;color:var(--soft);padding-left:58px}
.band{fill:var(--band)}.grid{stroke:var(--rule);vector-effect:non-scaling-stroke}
.line{fill:none;stroke:currentColor;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.area{fill:currentColor;opacity:.15}.cell{fill:var(--dropped)}
.admitted{color:var(--admitted)}.delivered{color:var(--delivered)}.retried{color:var(--retried)}.dropped{color:var(--dropped)}.level{color:var(--level)}
line.admitted,polyline.admitted{stroke-dasharray:6 4}polyline.retried{stroke-dasharray:2 3}
.wide{overflow-x:auto}
table+table,.wide+.wide{margin-top:1em}table{border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:50%}
th,td{padding:.25em .7em .25em 0;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:8em}
td.bar{width:50%;min-width:80px;text-align:left}td.bar i{display:block;height:12px;background:var(--level)}
`
