# SPDX-License-Identifier: BSD-2-Clause
"""The tables of README.md between two marks: made of what was seen, or compared with it."""

BEGIN = "<!-- from here to the end mark: written by `tests/interop/matrix --update` -->"
END = "<!-- end mark -->"


def _table(first, rows):
    """Lines of one table; rows: {name: {column: cell}}."""
    columns = list(next(iter(rows.values())))
    lines = [[first, *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(str(cells.get(c, "–")) for c in columns)] for name, cells in rows.items()]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _lines(scene, vpn):
    fields = {f"`{c}`": {"what arrives of the report": f} for c, f in scene.fields.items()}
    return [
        "What is between the sites' margayd and the ingress' margayd, and what of the routes is then as without it:",
        "", *_table("between", scene.arrived), "",
        "What each carrier brings, with nothing between:",
        "", *_table("carrier", fields), "",
        "As plain neighbours:",
        "", *_table("neighbour", scene.neighbors), "",
        "The same with the sites' service in a VRF (RFC 4364, RFC 4659, SAFI 128):",
        "", *_table("VPN routes between", vpn.arrived), "",
        *_table("VPN neighbour", vpn.neighbors),
    ]


def _name(line):
    """The first cell; None: no row of a table."""
    return line.split("|")[1].strip() if line.startswith("| ") else None


def _rows(lines):
    """{(head of its table, name): line}; the head's own name is its row's."""
    rows, head = {}, None
    for line in lines:
        name = _name(line)
        if name is None:
            head = None
            continue
        head = head or name
        rows[head, name] = line
    return rows


def _with_missing(seen, committed, titles):
    """What was seen, and the committed rows of daemons that this machine has not."""
    kept = {key: line for key, line in _rows(committed).items() if key[1] in titles}
    lines, head = [], None
    for line in seen + [""]:
        if _name(line) is None and head:
            lines += [row for (table, _), row in kept.items() if table == head]
        head = (head or _name(line)) if _name(line) else None
        lines.append(line)
    return lines[:-1]


def settle(check, path, scene, vpn, update):
    """With update the file is written, where all else held; without, it has to say what was seen."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(BEGIN + "\n")
    middle, _, after = rest.partition(END)
    committed = middle.split("\n")
    seen = _with_missing(_lines(scene, vpn), committed, scene.missing)
    print("\n".join(f"# {line}" for line in seen))
    if update and not check.failed:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([before + BEGIN, *seen, END]) + after)
        return
    gone = [line for line in committed if line not in seen]
    new = [line for line in seen if line not in committed]
    for sign, lines in (("-", gone), ("+", new)):
        for line in lines:
            print(f"#   {sign}{line}")
    check.ok(not gone and not new,
             "README.md says what was seen (else: look why; then tests/interop/matrix --update)")
