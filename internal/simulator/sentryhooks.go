package simulator

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// SentryHook is a request that an integration of Sentry sends.
type SentryHook struct {
	At       time.Time
	Resource string // issue, event_alert or metric_alert
	Action   string
	Header   http.Header
	Body     []byte
}

// Hooks are those of a span of time until now, from included and to not, in order,
// signed with secret unless that is "": each change of a group's status, an alert about
// each group that a deployment brought, and one about the number of errors that is
// over when the next deployment mends them.
func (s *Sentry) Hooks(from, to time.Time, secret string) []SentryHook {
	now := s.now()
	begin, end := delivery.InstantOf(from), min(delivery.InstantOf(to), now+1)
	w := s.world(now)
	var out []SentryHook
	add := func(at delivery.Instant, resource, action string, actor fieldsOf, data func(*errView) fieldsOf) {
		if at >= begin && at < end {
			view := &errView{w, at, cmp.Or(s.o.URL, SentryURL)}
			out = append(out, s.hook(at, resource, action, actor, data(view), secret))
		}
	}
	for _, p := range w.projects {
		for _, g := range p.until(now) {
			for i, turn := range g.life {
				add(turn.at, "issue", g.action(i), actorOf(g, turn), func(v *errView) fieldsOf { return fieldsOf{"issue": v.hooked(g)} })
			}
			for _, b := range g.broke {
				add(b.seen+delivery.Instant(90*second), "event_alert", "triggered", sentryItself, func(v *errView) fieldsOf { return v.eventAlert(g) })
			}
		}
		for i, use := range p.inUse[productionEnv] {
			first := p.firstBroken(use)
			if !first.Known() {
				continue
			}
			add(first+delivery.Instant(10*minute), "metric_alert", "critical", sentryItself, func(v *errView) fieldsOf { return v.metricAlert(p, use, 0) })
			if i+1 < len(p.inUse[productionEnv]) {
				over := max(p.inUse[productionEnv][i+1].at+delivery.Instant(20*minute), first+delivery.Instant(15*minute))
				add(over, "metric_alert", "resolved", sentryItself, func(v *errView) fieldsOf { return v.metricAlert(p, use, over) })
			}
		}
	}
	slices.SortStableFunc(out, func(a, b SentryHook) int { return a.At.Compare(b.At) })
	return out
}

// firstBroken is the first error of a bad deployment, 0 when it brought none.
func (p *errProject) firstBroken(use *errUse) (at delivery.Instant) {
	for _, g := range p.groups {
		for _, b := range g.broke {
			if b.by == use && (!at.Known() || b.seen < at) {
				at = b.seen
			}
		}
	}
	return at
}

var sentryItself = fieldsOf{"type": "application", "id": "sentry", "name": "Sentry"}

// actorOf is who changed a status: people resolve and ignore.
func actorOf(g *errGroup, turn errTurn) fieldsOf {
	if turn.status == unresolved {
		return sentryItself
	}
	who := queues[g.p.n%len(queues)].lead
	return fieldsOf{"type": "user", "id": accountID(who), "name": staff[who].display}
}

// action is what hooks call the i-th change of a status. What is ignored is called
// archived by newer versions, and both are met.
func (g *errGroup) action(i int) string {
	switch turn := g.life[i]; {
	case i == 0:
		return "created"
	case turn.status == ignored && g.seed%2 == 0:
		return "archived"
	default:
		return turn.status
	}
}

// hook writes and signs a hook.
func (s *Sentry) hook(at delivery.Instant, resource, action string, actor, data fieldsOf, secret string) SentryHook {
	body, err := json.Marshal(fieldsOf{
		"action": action, "installation": fieldsOf{"uuid": s.uuid("installation")}, "data": data, "actor": actor,
	})
	if err != nil { // texts and numbers only
		panic(err)
	}
	h := SentryHook{At: timeOf(at), Resource: resource, Action: action, Header: http.Header{}, Body: body}
	for name, v := range map[string]string{
		"Content-Type": "application/json", "Request-ID": s.uuid(string(body)), "Sentry-Hook-Resource": resource,
		"Sentry-Hook-Timestamp": strconv.FormatInt(int64(at)/second, 10),
	} {
		h.Header.Set(name, v)
	}
	if secret != "" {
		h.Header.Set("Sentry-Hook-Signature", sign(sha256.New, secret, body))
	}
	return h
}

func (s *Sentry) uuid(of string) string {
	x := sha256.Sum256(fmt.Appendf(nil, "%d %s", s.c.seed, of))
	return fmt.Sprintf("%x-%x-%x-%x-%x", x[:4], x[4:6], x[6:8], x[8:10], x[10:16])
}

// hooked is a group as hooks have it.
func (v *errView) hooked(g *errGroup) fieldsOf {
	out := v.issue(g, g.seen(nil, 0, v.now))
	out["url"] = v.base + "/api/0/organizations/" + Organization + "/issues/" + g.number() + "/"
	out["web_url"] = out["permalink"]
	out["project_url"] = v.base + "/api/0/projects/" + Organization + "/" + g.p.slug + "/"
	return out
}

// eventAlert is about an event of a group.
func (v *errView) eventAlert(g *errGroup) fieldsOf {
	kind, value := g.text()
	t := g.called()
	_, last := g.releases(nil, v.now)
	var release any
	tags := [][2]string{{"environment", cmp.Or(g.streams[0].env, "none")}, {"level", g.level}}
	if last != nil {
		release, tags = last.version, append(tags, [2]string{"release", last.version})
	}
	event := fieldsOf{
		"event_id": fmt.Sprintf("%016x%016x", g.seed, uint64(v.now)), "issue_id": g.number(), "project": g.p.id, "title": kind + ": " + value,
		"culprit": t.file + " in " + t.function, "level": g.level, "logger": t.logger, "platform": g.p.kind, "type": "error", "datetime": g.fine(v.now),
		"timestamp": float64(v.now) / float64(second), "release": release, "environment": orNil(g.streams[0].env), "tags": tags,
		"metadata":  fieldsOf{"type": kind, "value": value, "filename": t.file, "function": t.function},
		"url":       v.base + "/api/0/projects/" + Organization + "/" + g.p.slug + "/events/",
		"issue_url": v.base + "/api/0/organizations/" + Organization + "/issues/" + g.number() + "/",
		"web_url":   v.base + "/organizations/" + Organization + "/issues/" + g.number() + "/",
	}
	return fieldsOf{"event": event, "triggered_rule": "Errors that many users meet"}
}

// metricAlert is about the number of a project's errors; over is 0 while that goes on.
func (v *errView) metricAlert(p *errProject, use *errUse, over delivery.Instant) fieldsOf {
	const rule = "Too many errors"
	id := strconv.Itoa(int(use.rel.commit % 1_000_000))
	state, status := "Critical", 20
	if over.Known() {
		state, status = "Resolved", 2
	}
	n := p.happened(v.w, accepted, v.now-delivery.Instant(10*minute), v.now)
	return fieldsOf{
		"description_text": strconv.Itoa(n) + " events in the last 10 minutes\nFilter: level:error", "description_title": state + ": " + rule,
		"web_url": v.base + "/organizations/" + Organization + "/alerts/rules/details/" + strconv.Itoa(7100+p.n) + "/?alert=" + id,
		"metric_alert": fieldsOf{
			"id": id, "identifier": id, "organization_id": "1", "projects": []string{p.slug}, "status": status, "status_method": 3, "type": 2, "title": rule,
			"date_created": sentryTime(use.at), "date_detected": sentryTime(use.at), "date_started": sentryTime(use.at), "date_closed": sentryTime(over),
			"alert_rule": fieldsOf{
				"id": strconv.Itoa(7100 + p.n), "name": rule, "aggregate": "count()", "dataset": "events", "query": "level:error", "time_window": 10, "threshold_type": 0,
				"resolve_threshold": nil, "environment": orNil(productionEnv), "projects": []string{p.slug}, "organization_id": "1", "status": 0,
				"triggers": []any{fieldsOf{"label": "critical", "alert_threshold": 100, "resolve_threshold": nil, "threshold_type": 0}},
			},
		},
	}
}
