"""How the page of an explanation looks: on screens in light and dark, in forced colours, on paper.

Blue is positive, orange is negative; both are told apart by those who do not see all colours, and
a sign always stands with them.
"""

from __future__ import annotations


def _as_lists(tables: str) -> str:
    """Return the rules that show each row of tables as a list, so that nothing is out of sight."""
    whole = ", ".join(f"{tables}{one}" for one in ("", " caption", " tbody", " tr", " tbody th"))
    return f"""
{whole} {{ display: block; max-width: none; min-width: 0; white-space: normal; }}
{tables} thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }}
{tables} tr {{ border-bottom: 1px solid var(--rule); padding: .3rem 0; }}
{tables} tbody th {{ border: 0; padding: 0; font-weight: 600; }}
{tables} tbody :is(td, .number) {{ display: flex; justify-content: space-between;
  gap: 1rem; border: 0; padding: 0; text-align: right; white-space: normal;
  overflow-wrap: anywhere; }}
{tables} tbody td::before {{ content: attr(data-head); content: attr(data-head) / "";
  color: var(--soft); text-align: left; font-weight: 400; overflow-wrap: normal; }}
{tables} tbody td:empty {{ display: none; }} {tables} .bar {{ width: 4rem; }}
{tables} .pair {{ flex: none; width: 13.5rem; }}
"""


RULES = """
:root { --up: #1f6fb4; --down: #c2570c; }
@media (prefers-color-scheme: dark) { :root { --up: #6db3f2; --down: #ff9e4a; } }
.up { color: var(--up); } .down { color: var(--down); } .still, .none { color: var(--ink); }
data { font-variant-numeric: tabular-nums; white-space: nowrap; } data.up, data.down,
.signs span { font-weight: 600; }
.signs { list-style: none; padding: 0; margin: .5rem 0; display: flex; flex-wrap: wrap;
  gap: .2rem 1.6rem; } .signs span { display: inline-block; min-width: 1em; }
.soft, .sum { color: var(--soft); }
ul.tree, .tree ul { list-style: none; margin: 0; padding: 0; }
.tree { overflow-wrap: anywhere; }
summary { cursor: pointer; padding: .2rem 0; min-height: 1.5rem; }
summary:hover { background: var(--panel); }
:focus-visible { outline: 2px solid var(--up); outline-offset: 2px; }
details > .said { margin: .1rem 0 .4rem; color: var(--soft); font-size: .95rem; }
.node > details { border-left: 2px solid var(--rule); padding-left: .7rem; margin: .15rem 0; }
.node > details > summary { margin-left: -.1rem; }
.term { padding: .2rem 0; }
.below { padding-left: .4rem; }
.sum { margin: .2rem 0 .5rem; font-size: .95rem; }
.wrong { font-weight: 650; } .quiet, .quiet :is(h2, dd, th, td) { color: var(--soft); }
.chart .small { max-width: 30rem; } .chart .small + .legend { padding-left: 0; }
math { font-size: 1.02rem; vertical-align: middle; }
summary math { vertical-align: middle; }
mtable.card { border: 1px solid var(--rule); border-radius: .3rem; margin: 0 .15rem; }
mtable.card mtd { padding: .12rem .4rem; text-align: center; }
mtable.card mtd.below { border-top: 1px solid var(--rule); color: var(--soft);
  padding-left: .4rem; }
.bar { display: inline-block; position: relative; width: 7rem; height: .7rem;
  flex: none; vertical-align: baseline; border-left: 0; background:
  linear-gradient(var(--rule), var(--rule)) center / 1px 100% no-repeat; }
.pair { display: flex; justify-content: space-between; align-items: baseline; gap: .7rem; }
.bar i { position: absolute; top: 0; height: 100%; border: 1px solid transparent; }
.bar i.up { left: 50%; background: var(--up); } .bar i.down { right: 50%;
  background: repeating-linear-gradient(135deg, var(--down) 0 3px, transparent 3px 5px),
  color-mix(in srgb, var(--down) 55%, var(--paper)); }
td.number { vertical-align: baseline; } .wide { position: relative; }
thead .number { white-space: normal; vertical-align: bottom; } .many tbody th { min-width: 8.5rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .8rem 3rem; } h1 { font-size: 1.35rem; }
  .lead { font-size: 1.05rem; padding: .7rem .8rem; } .node > details { padding-left: .35rem; }
  .below { padding-left: .15rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin: 0 0
  .4rem; } .signs { display: block; } }
@media (forced-colors: active) { .bar i { border-color: CanvasText; }
  .bar i.up { background: CanvasText; forced-color-adjust: none; }
  .bar i.down { background: Canvas; } mtable.card, .node > details { border-color: CanvasText; } }
@page { margin: 14mm; }
@media print { .wide.derivation { break-inside: auto; }
  details::details-content { content-visibility: visible; display: block; }
  .many { font-size: 8.5pt; } .many tbody th { min-width: 0; } .many :is(th, td) {
  padding-right: .7rem; } .term { break-inside: avoid; } summary { list-style: none; }
  .tree { overflow-wrap: anywhere; } .wide { overflow: visible; } h2 { margin-top: 1.2rem; } }
"""
RULES += f"@media screen and (max-width: 62rem) {{{_as_lists('table.many')}}}"
RULES += f"@media screen and (max-width: 44rem) {{{_as_lists('table')}}}"
