package delivery

// plain reads a group as Row wrote it; false when that is not how it is written.
func (g *ErrorGroup) plain(body string) bool {
	r := plainReader{s: body}
	r.object(func(name string) {
		switch name {
		case "short_id":
			g.ShortID = r.text()
		case "title":
			g.Title = r.text()
		case "culprit":
			g.Culprit = r.text()
		case "url":
			g.URL = r.text()
		case "level":
			g.Level = r.text()
		case "status":
			g.Status = GroupStatus(r.text())
		case "substatus":
			g.Substatus = r.text()
		case "logger":
			g.Logger = r.textOrNull()
		case "platform":
			g.Platform = r.textOrNull()
		case "unhandled":
			if !r.null() {
				yes := r.yes()
				g.Unhandled = &yes
			}
		case "events":
			g.Events = r.whole()
		case "users":
			g.Users = r.whole()
		case "first_seen":
			g.FirstSeen = r.instant()
		case "last_seen":
			g.LastSeen = r.instant()
		case "environments":
			r.list(func() { g.Environments = append(g.Environments, plainEnvironment(&r)) })
		case "first_release":
			g.FirstRelease = r.text()
		case "last_release":
			g.LastRelease = r.text()
		case "states":
			r.list(func() { g.States = append(g.States, plainState(&r)) })
		case "told_at":
			g.ToldAt = r.instant()
		case "gone":
			g.Gone = r.yes()
		default: // a field that this does not know yet
			r.stop()
		}
	})
	return r.done()
}

func plainEnvironment(r *plainReader) (e GroupEnvironment) {
	r.object(func(name string) {
		switch name {
		case "name":
			e.Name = r.text()
		case "none":
			e.None = r.yes()
		case "events":
			e.Events = r.whole()
		case "users":
			e.Users = r.whole()
		case "first_seen":
			e.FirstSeen = r.instant()
		case "last_seen":
			e.LastSeen = r.instant()
		case "release":
			e.Release = r.text()
		case "told_at":
			e.ToldAt = r.instant()
		default:
			r.stop()
		}
	})
	return e
}

func plainState(r *plainReader) (s GroupState) {
	r.object(func(name string) {
		switch name {
		case "status":
			s.Status = GroupStatus(r.text())
		case "regressed":
			s.Regressed = r.yes()
		case "at":
			s.At = r.instant()
		case "before":
			s.Before = r.yes()
		case "release":
			s.Release = r.text()
		default:
			r.stop()
		}
	})
	return s
}

// plain is ErrorGroup.plain for a day of events.
func (d *EventDay) plain(body string) bool {
	r := plainReader{s: body}
	r.object(func(name string) {
		switch name {
		case "known":
			d.Known = Hours(r.whole()) //nolint:gosec // 24 bits
		case "accepted":
			hours(&r, &d.Accepted, r.whole)
		case "filtered":
			hours(&r, &d.Filtered, r.whole)
		case "rate_limited":
			hours(&r, &d.RateLimited, r.whole)
		case "invalid":
			hours(&r, &d.Invalid, r.whole)
		case "told_at":
			d.ToldAt = r.instant()
		default:
			r.stop()
		}
	})
	return r.done()
}

// plain is ErrorGroup.plain for a day of sessions.
func (d *SessionDay) plain(body string) bool {
	r := plainReader{s: body}
	r.object(func(name string) {
		switch name {
		case "known":
			d.Known = Hours(r.whole()) //nolint:gosec // 24 bits
		case "sessions":
			hours(&r, &d.Sessions, r.whole)
		case "crashed":
			hours(&r, &d.Crashed, r.number)
		case "users":
			hours(&r, &d.Users, r.whole)
		case "told_at":
			d.ToldAt = r.instant()
		default:
			r.stop()
		}
	})
	return r.done()
}
