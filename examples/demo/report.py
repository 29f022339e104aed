# SPDX-License-Identifier: BSL-1.0
"""The end of the demo as text: who answered when, one row per MAC, and one line of figures per event. No I/O."""
from measure import MS

WIDTH = 78


def _cell(asked, answered, counted):
    """One character for one slice of time: '#' answers, '.' silent, '+' some, ' ' nothing was asked."""
    if not asked:
        return " "
    if counted == 0:
        return "."
    return "#" if counted >= min(asked, answered) else "+"


def _row(record, mac, start, step, columns):
    asked, by_any, by_mac = [0] * columns, [0] * columns, [0] * columns
    for at in record.asks:
        if 0 <= (column := (at - start) // step) < columns:
            asked[column] += 1
    for answer in record.answers:
        if 0 <= (column := (answer.asked - start) // step) < columns:
            by_any[column] += 1
            by_mac[column] += answer.mac == mac
    return "".join(map(_cell, asked, by_any, by_mac))


def _lost_row(record, start, step, columns):
    cells = [" "] * columns
    for probe in record.probes:
        if 0 <= (column := (probe.sent - start) // step) < columns:
            if probe.answered is None:
                cells[column] = "x"
            elif cells[column] == " ":
                cells[column] = "-"
    return "".join(cells)


def _marks(record, results, start, step, columns):
    cells = [" "] * columns
    for number, result in enumerate(results, 1):
        if 0 <= (column := (result.event.at - start) // step) < columns:
            cells[column] = str(number)
    return "".join(cells)


def _strip(record, results, macs, start, step, columns):
    lines = [f"  {'event':<28}{_marks(record, results, start, step, columns)}"]
    for node, mac in macs.items():
        lines.append(f"  {node:<9}{mac:<19}{_row(record, mac, start, step, columns)}")
    lines.append(f"  {'client':<28}{_lost_row(record, start, step, columns)}")
    return lines


def timeline(record, results, macs, start, end):
    """The whole run, then 1 ms a column around each event that moved the VIP."""
    step = max(MS, (end - start) // WIDTH + 1)
    lines = [f"Who answered when ({step / MS:.0f} ms a column; # answers, . silent, + some; client: - served, x lost)"]
    lines += _strip(record, results, macs, start, step, WIDTH)
    for number, result in enumerate(results, 1):
        if result.event.successor:
            lines += ["", f"Around event {number}, {result.event.label} (1 ms a column)"]
            lines += _strip(record, results, macs, result.event.at - 10 * MS, MS, WIDTH)
    return lines


def _ms(value):
    return "-" if value is None else f"{value:.1f}"


def table(results):
    """One line per event. Times in ms."""
    head = ("event", "other answers", "who-has", "first", "two MACs", "client", "probes lost", "TCP failed")
    unit = ("", "after, ms", "unanswered, ms", "announcement, ms", "ms", "outage, ms", "of", "of")
    rows = [head, unit]
    for number, result in enumerate(results, 1):
        rows.append((f"{number} {result.event.label}", _ms(result.answered_after), _ms(result.unanswered),
                     _ms(result.announced_after), _ms(result.both), _ms(result.outage),
                     f"{result.lost} / {result.probes}", f"{result.failed} / {result.connections}"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return ["  " + row[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
            for row in rows]
