package simulator

import (
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

var errPriorities = map[string]string{"fatal": "high", "error": "medium", "warning": "medium", "info": "low"}

// issue is a group as lists have it.
func (v *errView) issue(g *errGroup, s sight) fieldsOf {
	t := g.called()
	kind, value := g.text()
	turn, all := g.statusAt(v.now), g.seen(nil, 0, v.now)
	title := kind
	if value != "" {
		title += ": " + value
	}
	out := fieldsOf{
		"id": g.number(), "shareId": nil, "shortId": g.short(), "title": title, "culprit": t.file + " in " + t.function,
		"permalink": v.base + "/organizations/" + Organization + "/issues/" + g.number() + "/", "logger": orNil(t.logger), "level": g.level,
		"status": turn.status, "statusDetails": fieldsOf{}, "substatus": orNil(turn.substatus), "isPublic": false, "platform": g.platform(),
		"project":     fieldsOf{"id": g.p.number(), "name": g.p.name, "slug": g.p.slug, "platform": g.p.platform},
		"type":        "error",
		"metadata":    fieldsOf{"type": kind, "value": value, "filename": t.file, "function": t.function},
		"numComments": 0, "assignedTo": nil, "isBookmarked": false, "isSubscribed": false, "subscriptionDetails": nil, "hasSeen": false,
		"annotations": []any{}, "issueType": "error", "issueCategory": "error", "priority": errPriorities[g.level], "isUnhandled": g.unhandled,
		"count": strconv.Itoa(s.count), "userCount": s.users, "firstSeen": g.fine(s.first), "lastSeen": g.fine(s.last),
	}
	out["lifetime"] = fieldsOf{
		"count": strconv.Itoa(all.count), "userCount": all.users, "firstSeen": g.fine(all.first), "lastSeen": g.fine(all.last), "stats": nil,
	}
	return out
}

// platform of some groups is not known.
func (g *errGroup) platform() any {
	if g.seed%13 == 0 {
		return nil
	}
	return g.p.kind
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// pathGroup is the group of the path.
func (a *errAnswer) pathGroup() (g *errGroup, envs []string, ok bool) {
	what, err := a.scope()
	if err == nil {
		if g = a.w.group(a.r.PathValue("id"), a.now); g == nil {
			err = errUnknown
		}
	}
	if err != nil {
		a.refuse(err)
		return nil, nil, false
	}
	return g, what.envs, true
}

// oneIssue answers GET organizations/{org}/issues/{id}/.
func (a *errAnswer) oneIssue() {
	g, envs, ok := a.pathGroup()
	if !ok {
		return
	}
	out := a.issue(g, g.seen(envs, 0, a.now))
	first, last := g.releases(envs, a.now)
	out["firstRelease"], out["lastRelease"] = a.releaseOrNil(first), a.releaseOrNil(last)
	out["stats"] = fieldsOf{"24h": a.hourly(g, envs)}
	var activity []fieldsOf
	for i, turn := range g.life {
		if turn.at <= a.now {
			kind := map[string]string{resolved: "set_resolved", ignored: "set_ignored", unresolved: "set_regression"}[turn.status]
			if i == 0 {
				kind = "first_seen"
			}
			activity = append([]fieldsOf{{"id": strconv.Itoa(i), "type": kind, "user": nil, "data": fieldsOf{}, "dateCreated": g.fine(turn.at)}}, activity...)
		}
	}
	out["activity"], out["seenBy"], out["participants"], out["tags"], out["userReportCount"] = activity, []any{}, []any{}, []any{}, 0
	a.send(out)
}

func (v *errView) releaseOrNil(r *errRelease) any {
	if r == nil {
		return nil
	}
	return v.release(r)
}

// currentRelease answers with the release that the group's last event is of.
func (a *errAnswer) currentRelease() {
	g, envs, ok := a.pathGroup()
	if !ok {
		return
	}
	var current any
	env := strings.Join(envs, ",")
	if len(envs) == 0 {
		var latest delivery.Instant
		for i := range g.streams {
			if st := &g.streams[i]; st.begin(g, a.now).Known() && st.last(g, a.now) > latest {
				env, latest = st.env, st.last(g, a.now)
			}
		}
	}
	if _, last := g.releases(envs, a.now); last != nil {
		s := g.seen(envs, 0, a.now)
		current = fieldsOf{
			"release": a.release(last), "environment": orNil(env), "firstSeen": g.fine(s.first), "lastSeen": g.fine(s.last),
			"stats": fieldsOf{"24h": []any{}, "30d": []any{}},
		}
	}
	a.send(fieldsOf{"currentRelease": current})
}

// releaseAtFirst is the release of the first event, without looking for the last.
func (g *errGroup) releaseAtFirst(t delivery.Instant) (*errRelease, delivery.Instant) {
	var at delivery.Instant
	var rel *errRelease
	for i := range g.streams {
		st := &g.streams[i]
		if b := st.begin(g, t); b.Known() && (!at.Known() || b < at) {
			at, rel = b, g.releaseOf(st.env, b)
		}
	}
	return rel, at
}
