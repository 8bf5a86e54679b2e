# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of every way from the sites to the ingress, and what has to hold."""

import math

from . import lan, margay, peers

FAMILIES = {"IPv4": margay.V4, "IPv6": margay.V6}
MUST = {"community": None, "edge-metadata": ("Margay",)}  # by which ways intact; None: by all
TUNNEL_COLUMNS = {"direct": "tunnel by community", "srv6": "SRv6 SID, attribute 40",
                  "gre": "tunnel, attribute 23", "ipip": "tunnel by community"}
SESSIONS_S, ROUTES_S = 30, 15


class Check:
    """Counts what held."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, good, words):
        if good:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok' if good else 'not ok'} {self.passed + self.failed} - {words}", flush=True)
        return bool(good)

    def skip(self, why):
        self.skipped += 1
        print(f"skipped: {why}", flush=True)

    def finish(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {self.failed} failed{tail}")
        return 1 if self.failed or not (self.passed or self.skipped) else 0


class Way:
    """One way to the ingress: `numbers` are the neighbours that its routes come from there."""

    def __init__(self, title, numbers, reflects=True):
        self.title, self.reflects = title, reflects
        self.addresses = [lan.v4(n) for n in numbers]


class Scene:
    """Who takes part; then what was seen: `arrived` has the cells of the first table by way,
    `fields` those of the second by carrier, `neighbors` those of the third by daemon."""

    def __init__(self, net, check):
        self.net, self.check = net, check
        self.ingress = self.reflector = None
        self.sites, self.peers = [], []
        self.arrived, self.fields, self.neighbors = {}, {}, {}
        self.missing = []  # titles of daemons that are not installed
        self._routes = []
        self._established = {}  # by router: times that each neighbour was, once all are up

    def _ways(self):
        yield Way("nothing", [s.number for s in self.sites])
        yield Way("Margay", [self.reflector.number])
        for peer in self.peers:
            yield Way(peer.title, [peer.number], peer.reflects)

    def run(self):
        self._start()
        for site in self.sites:
            site.report()
        reflecting = [w for w in self._ways() if w.reflects]
        lan.wait_for(lambda: all(self._complete(w) for w in reflecting), ROUTES_S)
        self._take_fields()
        for way in reflecting:
            self._take_arrived(way)
        for peer in self.peers:
            self._take_neighbor(peer)
        self._change(reflecting)
        self._no_faults()
        self._death(reflecting)

    def _start(self):
        for router in (self.ingress, self.reflector, *self.sites):
            router.start()
        for peer in self.peers:
            peer.start()
        lan.wait_for(lambda: all(self._sessions_up(w) for w in self._ways()), SESSIONS_S)
        for way in self._ways():
            if not self.check.ok(self._sessions_up(way), f"{way.title}: sessions are Established"):
                self._show_sessions(way)
        for peer in self.peers:
            peer.ready()
        # Both sides dial at once: the loser of a collision may have been Established for a moment.
        for router in (self.ingress, self.reflector, *self.sites):
            self._established[router.name] = {a: n["established"]
                                              for a, n in router.neighbors().items()}

    def _sessions(self, way):
        """(router, neighbour) of each session by this way."""
        routers = [self.ingress] if way.title == "nothing" else [self.ingress, *self.sites]
        for router in routers:
            seen = router.neighbors()
            for address in way.addresses:
                yield router, seen.get(address, {})

    def _sessions_up(self, way):
        return all(n.get("state") == "Established" for _, n in self._sessions(way))

    def _show_sessions(self, way):
        for router, neighbor in self._sessions(way):
            print(f"#   {router.name}: {neighbor.get('state')}, {neighbor.get('last-error')}")

    def _look(self):
        self._routes = self.ingress.routes()

    def _route(self, way, site, prefix):
        """The path of a site that has come by a way; {}: none."""
        hops = (lan.v4(site.number), lan.v6(site.number))
        for route in self._routes:
            if (route["neighbor"] in way.addresses and route["prefix"] == prefix
                    and route.get("next-hop") in hops):
                return route
        return {}

    def _complete(self, way):
        """Whether all that can be hoped for is there: a path of each site and family."""
        self._look()
        return all(self._route(way, s, p) for s in self.sites for p in FAMILIES.values())

    def _same(self, way, site, what):
        """Whether something of a site's routes is as it comes with nothing between."""
        direct = Way("nothing", [site.number])
        pairs = [(self._route(way, site, p), self._route(direct, site, p))
                 for p in FAMILIES.values()]
        if all(what(a) == what(b) and what(b) is not None for a, b in pairs):
            return "intact"
        return "partly" if any(what(a) for a, _ in pairs) else "–"

    def _show_difference(self, way, site):
        for prefix in FAMILIES.values():
            for title in (way, Way("nothing", [site.number])):
                print(f"#   {prefix} by {title.title}: {_report(self._route(title, site, prefix))}")

    def _take_fields(self):
        """What each carrier brings of the report that went into it, with nothing between."""
        for site in self.sites:
            direct = Way("nothing", [site.number])
            per_family = []
            for prefix in FAMILIES.values():
                route = self._route(direct, site, prefix)
                per_family.append(_fields_told(route.get("report", {}), site.told))
            self.check.ok(per_family[0] and per_family[0] == per_family[1],
                          f"{site.carrier}: the same arrives in both families")
            self.fields[site.carrier] = ", ".join(per_family[0]) or "–"

    def _take_arrived(self, way):
        cells = {}
        for family, prefix in FAMILIES.items():
            count = sum(bool(self._route(way, s, prefix)) for s in self.sites)
            cells[family] = f"{count} of {len(self.sites)} paths"
            self.check.ok(count == len(self.sites), f"{way.title}: {family} paths of all sites arrive")
        for site in self.sites:
            seen = cells[f"`{site.carrier}`"] = self._same(way, site, _report)
            ways = MUST.get(site.carrier, ())
            if seen == "partly":
                self._show_difference(way, site)
            if ways is None or way.title in (*ways, "nothing"):
                self.check.ok(seen == "intact", f"{way.title}: {site.carrier} is intact ({seen})")
        for site in self.sites:
            seen = cells[TUNNEL_COLUMNS[site.tunnel]] = self._same(way, site, _tunnel)
            if site.carrier == "community" or way.title in ("Margay", "nothing"):
                self.check.ok(seen == "intact", f"{way.title}: a {site.tunnel} tunnel is intact ({seen})")
        self.arrived[way.title] = cells

    def _take_neighbor(self, peer):
        """A daemon as plain neighbour: its routes here, the sites' routes there."""
        cells = {"version": peer.version()}
        own = {"IPv4": peers.own_v4(peer.number), "IPv6": peers.own_v6(peer.number)}
        cells["its routes at Margay"] = self._take_own(peer, own)
        for (family, prefix), host in zip(FAMILIES.items(), (lan.v4, lan.v6)):
            hops = {host(s.number) for s in self.sites}
            wanted = {host(s.number) for s in self.sites if s.tunnel != peer.refuses}
            held = lan.wait_for(lambda: wanted <= set(peer.paths(prefix)), ROUTES_S)
            seen = len(hops & set(peer.paths(prefix)))
            self.check.ok(held, f"{peer.title}: holds the {family} paths of the sites")
            cells[f"sites' {family} paths there"] = f"{seen} of {len(hops)}"
        cells["Add-Path"] = self._add_path(peer)
        cells["its report at Margay"] = self._own_report(peer, own)
        self.neighbors[peer.title] = cells

    def _take_own(self, peer, own):
        if peer.silent():
            return f"no: {peer.silent()}"
        here = lan.wait_for(lambda: self._own_arrived(peer, own), ROUTES_S)
        self.check.ok(here, f"{peer.title}: its own routes arrive in both families")
        return ", ".join(own) if here else "–"

    def _own_routes(self, peer, own):
        self._look()
        return [r for r in self._routes
                if r["neighbor"] == lan.v4(peer.number) and r["prefix"] in own.values()]

    def _own_arrived(self, peer, own):
        return len({r["prefix"] for r in self._own_routes(peer, own)}) == len(own)

    def _own_report(self, peer, own):
        reports = [(r.get("carrier"), r.get("report", {})) for r in self._own_routes(peer, own)]
        if not peer.tells:
            return "–"
        good = len(reports) == len(own) and all(
            carrier == peer.tells and math.isclose(report.get("capacity", 0), 8, rel_tol=1e-3)
            for carrier, report in reports)
        self.check.ok(good, f"{peer.title}: its own report arrives by {peer.tells}")
        return f"`{peer.tells}`" if good else "–"

    def _add_path(self, peer):
        """What was agreed on, as the daemon sees it."""
        seen = self.ingress.neighbors().get(lan.v4(peer.number), {})
        words = [word for word, key in (("sends", "add-path-in"), ("receives", "add-path-out"))
                 if len(seen.get(key, [])) == len(FAMILIES)]
        return ", ".join(words) or "–"

    def _change(self, ways):
        """A change of the report comes by every way that passes the report at all."""
        for site in self.sites:
            site.report(capacity=50, drain=True)
        for site in self.sites:
            for way in ways:
                if self.arrived[way.title][f"`{site.carrier}`"] == "intact":
                    good = lan.wait_for(lambda: self._changed(way, site), ROUTES_S)
                    self.check.ok(good, f"{way.title}: a change by {site.carrier} arrives")

    def _changed(self, way, site):
        self._look()
        direct = Way("nothing", [site.number])
        reports = [_report(self._route(w, site, p)) for w in (way, direct) for p in FAMILIES.values()]
        return all(r and r == reports[-1] for r in reports) and _told_change(reports[-1])

    def _no_faults(self):
        for router in (self.ingress, self.reflector, *self.sites):
            bad = {a: {k: n[k] for k in n if k.startswith("faults-") and n[k]}
                   for a, n in router.neighbors().items()}
            bad = {a: f for a, f in bad.items() if f}
            self.check.ok(not bad, f"{router.name}: nothing malformed came {bad or ''}")
            refusing = [lan.v4(p.number) for p in self.peers
                        if p.refuses and p.refuses == getattr(router, "tunnel", None)]
            before = self._established[router.name]
            flaps = [a for a, n in router.neighbors().items()
                     if n["established"] != before.get(a) and a not in refusing]
            self.check.ok(not flaps, f"{router.name}: no session had to start again {flaps or ''}")

    def _death(self, ways):
        """A dead site's paths go by every way, and no others."""
        dead, others = self.sites[0], self.sites[1:]
        self.net.kill(dead.name)
        for way in ways:
            good = lan.wait_for(lambda: self._gone(way, dead), ROUTES_S)
            left = all(self._route(way, s, p) for s in others for p in FAMILIES.values())
            self.check.ok(good and left, f"{way.title}: a dead site's paths go, and no others")

    def _gone(self, way, site):
        self._look()
        return not any(self._route(way, site, p) for p in FAMILIES.values())


class VpnScene(Scene):
    """The same with services in a VRF: every route has a route distinguisher, a label, and targets
    by which the ingress imports it."""

    def _route(self, way, site, prefix):
        route = super()._route(way, site, prefix)
        return route if route.get("rd") == f"{lan.v4(site.number)}:1" else {}

    def _take_arrived(self, way):
        super()._take_arrived(way)
        for column, what in (("label", _label), ("route targets", _imported)):
            seen = {self._same(way, site, what) for site in self.sites}
            cell = self.arrived[way.title][column] = " ".join(sorted(seen))
            self.check.ok(cell == "intact", f"{way.title}: {column} of all sites: {cell}")

    def _take_own(self, peer, own):
        cell = super()._take_own(peer, own)
        if not peer.silent():
            imported = all("red" in r.get("imported", []) for r in self._own_routes(peer, own))
            self.check.ok(imported, f"{peer.title}: its own routes are imported by their target")
        return cell


def _label(route):
    return route.get("label")


def _imported(route):
    """Its targets, where a VRF imports it by them."""
    return route["route-targets"] if route.get("imported") else None


def _report(route):
    """What arrived of a report, and by which carrier; None: nothing."""
    return (route["carrier"], route["report"]) if "report" in route else None


def _tunnel(route):
    """None: no tunnel."""
    return (route["encapsulation"], route["endpoint"]) if "endpoint" in route else None


def _told_change(seen):
    return seen[1].get("drain") or seen[1].get("capacity") == 50


def _fields_told(report, told):
    """Names of the fields that arrived with the value that the site was given."""
    return [words for words, (key, value) in told.items()
            if key in report and math.isclose(report[key], value, rel_tol=1e-3)]
