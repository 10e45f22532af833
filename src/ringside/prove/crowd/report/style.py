"""Style: the report's own style sheet, light and dark, for a wall, a telephone and paper."""

CSS = """
:root { color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #12161c; --soft: #5b6573; --faint: #e6e9ee; --line: #d5dae1;
  --one: #2f6fed; --two: #e08a00; --good: #14804a; --bad: #cf2a2a; --void: #cf2a2a; --fair: #a86200;
  --r0: #b9d3fb; --r1: #8db6f7; --r2: #5f97f2; --r3: #2f6fed; --r4: #1d4fb8; --r5: #12347a; }
@media (prefers-color-scheme: dark) { :root {
  --page: #0c1016; --card: #151b23; --ink: #e8edf3; --soft: #93a0b0; --faint: #222b36; --line: #303b48;
  --one: #6aa5ff; --two: #f0ac3c; --good: #46c07f; --bad: #ff6b64; --void: #d43c36; --fair: #f0ac3c;
  --r0: #1b2f52; --r1: #21427a; --r2: #2a57a5; --r3: #3a70cf; --r4: #5b92ee; --r5: #86b3fb; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1180px; margin: 0 auto; padding: 40px 28px 56px; }
header { margin-bottom: 28px; }
.brand { display: flex; flex-wrap: wrap; gap: 4px 16px; justify-content: space-between; color: var(--soft);
  font-size: 13px; margin-bottom: 26px; }
.brand b { color: var(--ink); letter-spacing: .01em; }
h1 { font-size: clamp(27px, 4.4vw, 46px); line-height: 1.12; letter-spacing: -.022em; font-weight: 680;
  max-width: 24em; text-wrap: balance; }
h1.voided { color: var(--soft); }
.stand { color: var(--soft); font-size: clamp(16px, 1.8vw, 20px); margin-top: 14px; max-width: 46em;
  text-wrap: pretty; }
.url { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; color: var(--soft);
  margin-top: 14px; overflow-wrap: anywhere; }
h2 { font-size: 19px; letter-spacing: -.01em; margin: 40px 0 14px; font-weight: 650; }
h3 { font-size: 15px; font-weight: 640; }
.banner { border-radius: 14px; padding: 18px 22px; margin-bottom: 28px; background: var(--void); color: #fff; }
.banner b { display: block; font-size: 18px; margin-bottom: 2px; }
.banner p { max-width: 60em; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 14px; }
.card { background: var(--card); border: 1px solid var(--faint); border-radius: 14px; padding: 18px 20px;
  min-width: 0; }
.tile h3 { color: var(--soft); font-weight: 500; font-size: 14px; }
.tile .figure { font-size: clamp(27px, 3.3vw, 36px); line-height: 1.2; font-weight: 660; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; margin: 4px 0 2px; }
.tile p { color: var(--soft); font-size: 14px; }
.good .figure { color: var(--good); } .bad .figure { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; }
.chart { margin: 0; display: flex; flex-direction: column; }
figcaption { margin-bottom: 14px; } figcaption p { color: var(--soft); font-size: 13.5px; }
.key { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 13px; color: var(--soft);
  margin-top: 4px; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px;
  background: var(--hue, var(--fillhue)); }
.frame { display: grid; grid-template-columns: auto 1fr; grid-template-rows: 168px 22px; margin-top: auto;
  padding-top: 14px; }
.frame.bare { grid-template-columns: 1fr; } .frame.bare .x { grid-column: 1; }
.plot { position: relative; min-width: 0; } .plot svg { width: 100%; height: 100%; display: block; overflow: visible; }
.y, .x { position: relative; font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums; }
.y { width: 66px; } .y span { position: absolute; right: 10px; transform: translateY(50%); white-space: nowrap; }
.x { grid-column: 2; } .x span { position: absolute; top: 6px; transform: translateX(-50%); white-space: nowrap; }
.plot span { position: absolute; font-size: 12px; color: var(--soft); white-space: nowrap; padding: 0 5px; }
.mark-label { top: -3px; } .above { top: -19px; }
.l1 { top: 14px !important; } .l2 { top: 31px !important; }
.limit-label { right: 0; color: var(--bad) !important; }
.empty { position: absolute; inset: 0; display: grid; place-items: center; color: var(--soft); }
path, line { vector-effect: non-scaling-stroke; fill: none; }
.grid { stroke: var(--faint); stroke-width: 1; } .mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
.limit { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 5 4; }
.one { --hue: var(--one); } .two { --hue: var(--two); } .red { --hue: var(--bad); }
.stroke { stroke: var(--hue); stroke-width: 1.9; stroke-linejoin: round; stroke-linecap: round; }
.fill { fill: var(--hue); opacity: .14; } g rect { fill: var(--hue); } .bar { fill: var(--one); opacity: .88; }
.rung { fill: var(--fillhue); } .r0 { --fillhue: var(--r0); } .r1 { --fillhue: var(--r1);
  } .r2 { --fillhue: var(--r2); }
.r3 { --fillhue: var(--r3); } .r4 { --fillhue: var(--r4); } .r5 { --fillhue: var(--r5); }
.tables { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; align-items: start; }
table { width: 100%; border-collapse: collapse; font-size: 14px; margin-top: 8px; }
td, th { text-align: left; font-weight: 400; padding: 7px 0; border-top: 1px solid var(--faint);
  overflow-wrap: anywhere;
  vertical-align: top; }
tr:first-child > * { border-top: 0; } th { color: var(--soft); padding-right: 16px; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; padding-left: 16px; }
tr.odd th { color: var(--bad); }
pre { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--page); border-radius: 9px; padding: 12px 14px; margin-top: 12px; }
.soft { color: var(--soft); font-size: 14px; }
footer { color: var(--soft); font-size: 13px; margin-top: 36px; }
.wide { grid-column: 1 / -1; }
@media (max-width: 820px) {
  main { padding: 24px 16px 40px; } .charts, .tables { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; } .card { padding: 15px 16px; }
  .frame { grid-template-rows: 150px 22px; } .y { width: 60px; } .banner { padding: 15px 18px; } }
@media (max-width: 820px) and (min-width: 381px) { .tile:last-child:nth-child(odd) { grid-column: 1 / -1; } }
@media (max-width: 380px) { .tiles { grid-template-columns: minmax(0, 1fr); } }
@media print { body { background: #fff; } main { max-width: none; padding: 0; } .card { break-inside: avoid; } }
"""
