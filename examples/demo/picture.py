# SPDX-License-Identifier: BSL-1.0
"""The timeline as an SVG picture: the whole run above, a magnified window per move of the VIP below. No I/O.

Every bar is drawn from measured answers; nothing is smoothed, and a gap that is there is visible in the window.
"""
from html import escape

from measure import MS

WIDTH, MARGIN, LABELS, GAP = 1000, 24, 64, 24
COLUMNS = 3
ROW, BAR = 34, 18
COLOURS = ("#2468b4", "#d9822b")
LOST, INK, FAINT, GRID, PAPER = "#c62f2f", "#1f2933", "#5f6b7a", "#d9dfe6", "#ffffff"


class Panel:
    """One rectangle of time: maps nanoseconds to x and collects the shapes."""

    def __init__(self, left, top, width, start, end):
        self.left, self.top, self.width = left, top, width
        self.start, self.end = start, end
        self.shapes = []

    def x(self, at):
        return self.left + (min(max(at, self.start), self.end) - self.start) / (self.end - self.start) * self.width

    def shows(self, at):
        return self.start <= at <= self.end

    def text(self, x, y, words, size=12, colour=INK, anchor="start", weight="normal"):
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
                           f'font-weight="{weight}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour=GRID, dash="", width=1.0):
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                           f'stroke-width="{width}"{dashed}/>')

    def bar(self, start, end, y, colour, height=BAR):
        x = self.x(start)
        self.shapes.append(f'<rect x="{x:.2f}" y="{y:.1f}" width="{max(self.x(end) - x, 0.6):.2f}" '
                           f'height="{height}" fill="{colour}"/>')

    def triangle(self, at, y, colour):
        x = self.x(at)
        self.shapes.append(f'<path d="M{x - 4:.1f} {y:.1f}h8l-4 7z" fill="{colour}"/>')


def spans(ticks, wanted, longest=20 * MS):
    """Bars over the ticks (sorted times) for which wanted(time) holds: each reaches to the next tick, so that only a tick
    that went wrong makes a gap, not one that the instrument missed (unless it missed more than `longest`)."""
    runs = []
    for at, following in zip(ticks, ticks[1:] + [ticks[-1] + MS] if ticks else []):
        if not wanted(at):
            continue
        end = min(following, at + longest)
        if runs and runs[-1][1] == at:
            runs[-1][1] = end
        else:
            runs.append([at, end])
    return runs


def _rows(panel, record, macs):
    """The bars: a row per node, then the client's row."""
    y = panel.top + 12
    asks = [at for at in record.asks if panel.shows(at)]
    for mac, colour in zip(macs.values(), COLOURS):
        panel.line(panel.left, y + BAR, panel.left + panel.width, y + BAR)
        answered = {answer.asked for answer in record.answers if answer.mac == mac}
        for start, end in spans(asks, answered.__contains__):
            panel.bar(start, end, y, colour)
        for row in record.announcements:
            if row.mac == mac and panel.shows(row.at):
                panel.triangle(row.at, y - 8, colour)
        y += ROW
    panel.line(panel.left, y + BAR, panel.left + panel.width, y + BAR)
    served = {probe.sent: probe.node for probe in record.probes if probe.answered is not None}
    sent = [probe.sent for probe in record.probes if panel.shows(probe.sent)]
    for node, colour in zip(macs, COLOURS):
        for start, end in spans(sent, lambda at, node=node: served.get(at) == node):
            panel.bar(start, end, y + 5, colour, BAR - 10)
    for start, end in spans(sent, lambda at: at not in served):
        panel.bar(start, end, y, LOST)
    return y + BAR


def _labels(panel, macs):
    y = panel.top + 12 + BAR - 5
    for node, colour in zip(macs, COLOURS):
        panel.text(panel.left - 10, y, node, 13, colour, "end", "bold")
        y += ROW
    panel.text(panel.left - 10, y, "client", 13, INK, "end", "bold")


def _axis(panel, bottom, step, unit, origin, form):
    at = origin - (origin - panel.start) // step * step
    while at <= panel.end:
        panel.line(panel.x(at), panel.top + 4, panel.x(at), bottom)
        panel.text(panel.x(at), bottom + 15, form.format((at - origin) / unit) if at != origin else "0", 11, FAINT, "middle")
        at += step


def overview(record, results, macs, top, start, end):
    panel = Panel(MARGIN + LABELS, top, WIDTH - 2 * MARGIN - LABELS, start, end)
    bottom = top + 12 + 2 * ROW + BAR
    _axis(panel, bottom, 2_000 * MS, 1_000 * MS, start, "{:.0f} s")
    _rows(panel, record, macs)
    _labels(panel, macs)
    for number, result in enumerate(results, 1):
        x = panel.x(result.event.at)
        panel.line(x, top - 6, x, bottom, INK, "3 3")
        _number(panel, x, top - 14, number)
        panel.text(x + 13, top - 10, result.event.label, 12, INK)
    return panel, bottom + 24


def window(record, result, number, macs, left, top, width):
    """The magnified milliseconds around one move, with its figures."""
    event = result.event
    length = 40 * MS
    needed = max(result.outage, result.unanswered, result.answered_after or 0) * MS * 1.3
    while length < needed:
        length *= 2
    panel = Panel(left + LABELS, top + 14, width - LABELS, event.at - length // 4, event.at + length)
    _number(panel, panel.left + 9, top, number)
    panel.text(panel.left + 25, top + 5, event.label, 14, INK, weight="bold")
    bottom = panel.top + 12 + 2 * ROW + BAR
    _axis(panel, bottom, length // 4, MS, event.at, "{:+.0f} ms" if width > 350 else "{:+.0f}")
    _rows(panel, record, macs)
    _labels(panel, macs)
    x = panel.x(event.at)
    panel.line(x, panel.top, x, bottom, INK, "3 3", 1.4)
    lost = f"{result.lost} probe{'' if result.lost == 1 else 's'} lost"
    lines = _when(event.successor, result) + [f"{lost}, both answered for {result.both:.0f} ms"]
    for at, words in enumerate(lines):
        panel.text(panel.left, bottom + 36 + 16 * at, words, 12, INK)
    return panel, bottom + 26 + 16 * len(lines)


def _when(node, result):
    if result.answered_after is None:
        return [f"{node} never answered"]
    announced = "never" if result.announced_after is None else f"after {result.announced_after:.1f} ms"
    return [f"{node} announces {announced}", f"and answers after {result.answered_after:.1f} ms"]


def _number(panel, x, y, number):
    panel.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{INK}"/>')
    panel.text(x, y + 4, str(number), 12, PAPER, "middle", "bold")


def _legend(top, macs):
    panel = Panel(MARGIN, top, WIDTH, 0, 1)
    x = MARGIN + LABELS
    entries = [(COLOURS[at], f"{node} answers / serves the client") for at, node in enumerate(macs)]
    for colour, words in entries + [(LOST, "the client’s probe is lost")]:
        panel.shapes.append(f'<rect x="{x}" y="{top - 10}" width="14" height="10" fill="{colour}"/>')
        panel.text(x + 19, top - 1, words, 11, FAINT)
        x += 30 + 5.5 * len(words)
    panel.shapes.append(f'<path d="M{x:.0f} {top - 9}h8l-4 7z" fill="{FAINT}"/>')
    panel.text(x + 13, top - 1, "announcement", 11, FAINT)
    return panel


def draw(record, results, macs, vip, start, end):
    """The whole picture as text."""
    panel, y = overview(record, results, macs, 112, start, end)
    panels = [panel, _legend(y + 12, macs)]
    y += 58
    moves = [(number, result) for number, result in enumerate(results, 1) if result.event.successor]
    columns = min(len(moves), COLUMNS) or 1
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    bottom = y
    for at, (number, result) in enumerate(moves):
        if at % columns == 0:
            y = bottom if at == 0 else bottom + 34
        panel, bottom = window(record, result, number, macs, MARGIN + at % columns * (width + GAP), y, width)
        panels.append(panel)
    heading = Panel(MARGIN, 0, WIDTH, 0, 1)
    heading.text(MARGIN, 38, f"Who answers for {vip}?", 20, INK, weight="bold")
    heading.text(MARGIN, 60, "Two nodes, one virtual IP address; a “who has” and a client’s probe every millisecond. Bars show "
                 "which of them were answered.", 13, FAINT)
    height = bottom + MARGIN
    shapes = "\n".join(shape for panel in [heading] + panels for shape in panel.shapes)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, '
            f'sans-serif" role="img">\n<title>Who answered for {vip} when</title>\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" rx="10" fill="{PAPER}"/>\n{shapes}\n</svg>\n')
