package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

const (
	ErrorGroupFact   FactKind = "error_group"
	ErrorProjectFact FactKind = "error_project"
	EventDayFact     FactKind = "event_day"
	SessionDayFact   FactKind = "session_day"
	ReleaseFact      FactKind = "release"
)

// Leaves reports whether facts of the kind that are gone stay stored, and out of
// lists.
func (k FactKind) Leaves() bool { return k == IncidentFact || k == ErrorGroupFact }

// TouchedErrors is the Kind of a Touched whose Key is a project of errors.
const TouchedErrors = "errors"

// Number is the group's FactNumber, like the other facts'.
func (g *ErrorGroup) Number() int64 {
	return FactNumber(string(ErrorGroupFact), g.Connection, g.ID)
}

// FactNumber is Number; that name is taken.
func (p *ErrorProject) FactNumber() int64 {
	return FactNumber(string(ErrorProjectFact), p.Connection, p.ID)
}

func (d *EventDay) FactNumber() int64 {
	return FactNumber(string(EventDayFact), d.Connection, d.Project, strconv.FormatInt(int64(d.Day), 10))
}

func (d *SessionDay) FactNumber() int64 {
	return FactNumber(string(SessionDayFact), d.Connection, d.Project, d.Environment, strconv.FormatInt(int64(d.Day), 10))
}

func (r *Release) FactNumber() int64 {
	return FactNumber(string(ReleaseFact), r.Connection, r.Project, r.Version)
}

// errorFacts are those of Facts that are of errors.
func (b *Batch) errorFacts(add func(kind FactKind, number int64, touches []Touched, merge func(*FactRow) (FactRow, error))) error {
	for _, g := range b.ErrorGroups {
		g.Connection = b.Connection
		if g.ID == "" {
			return errors.New("an error group has no id")
		}
		add(ErrorGroupFact, g.Number(), touchedErrors(g.Project), func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, g, MergeErrorGroup, (*FactRow).ErrorGroup, (*ErrorGroup).Row)
		})
	}
	for _, p := range b.ErrorProjects {
		p.Connection = b.Connection
		if p.ID == "" {
			return errors.New("a project of errors has no id")
		}
		add(ErrorProjectFact, p.FactNumber(), nil, func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, p, MergeErrorProject, (*FactRow).ErrorProject, (*ErrorProject).Row)
		})
	}
	for _, d := range b.EventDays {
		d.Connection = b.Connection
		if d.Project == "" || !isDay(d.Day) {
			return fmt.Errorf("events of %q on %s: they are of nothing, or of no day", d.Project, d.Day)
		}
		add(EventDayFact, d.FactNumber(), nil, func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, d, MergeEventDay, (*FactRow).EventDay, (*EventDay).Row)
		})
	}
	for _, d := range b.SessionDays {
		d.Connection = b.Connection
		if d.Project == "" || !isDay(d.Day) {
			return fmt.Errorf("sessions of %q on %s: they are of nothing, or of no day", d.Project, d.Day)
		}
		add(SessionDayFact, d.FactNumber(), nil, func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, d, MergeSessionDay, (*FactRow).SessionDay, (*SessionDay).Row)
		})
	}
	for _, r := range b.Releases {
		r.Connection = b.Connection
		if r.Project == "" || r.Version == "" {
			return fmt.Errorf("release %q of %q: it has no version, or is of nothing", r.Version, r.Project)
		}
		add(ReleaseFact, r.FactNumber(), touchedErrors(r.Project), func(stored *FactRow) (FactRow, error) {
			return mergeRow(stored, r, MergeRelease, (*FactRow).Release, (*Release).Row)
		})
	}
	return nil
}

func isDay(at Instant) bool { day, _ := HourOf(at); return at > 0 && day == at }

func touchedErrors(project string) []Touched {
	return []Touched{{Kind: TouchedErrors, Key: Key(project)}}
}

// Row is the group as stores keep it. Its State is the same as long as nothing has
// changed that deployments are judged by.
func (g *ErrorGroup) Row() (FactRow, error) {
	body, err := PlainJSON(g)
	return FactRow{
		Kind: ErrorGroupFact, Number: g.Number(), Connection: g.Connection, ID: g.ID, Project: g.Project,
		At: g.FirstSeen, Until: g.LastSeen, Flag: g.Gone, State: g.judgedBy(), Body: body,
	}, err
}

// manyUsers is more than any rule asks for.
const manyUsers = 100_000

func (g *ErrorGroup) judgedBy() Instant {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %d %d %t %q", g.Project, g.Level, min(g.Users, manyUsers), g.FirstSeen, g.Gone, g.FirstRelease) // a digest takes all
	for _, e := range g.Environments {
		_, _ = fmt.Fprintf(h, " %q %d", e.Name, e.FirstSeen)
	}
	for _, s := range g.States {
		if s.Regressed {
			_, _ = fmt.Fprintf(h, " %d %t %q", s.At, s.Before, s.Release)
		}
	}
	return Instant(binary.BigEndian.Uint64(h.Sum(nil)) >> 1)
}

// Row is the project as stores keep it.
func (p *ErrorProject) Row() (FactRow, error) {
	body, err := PlainJSON(p)
	return FactRow{
		Kind: ErrorProjectFact, Number: p.FactNumber(), Connection: p.Connection, ID: p.ID, Project: p.ID, Flag: p.Gone, Body: body,
	}, err
}

// Row is the day as stores keep it.
func (d *EventDay) Row() (FactRow, error) {
	body, err := PlainJSON(d)
	return FactRow{Kind: EventDayFact, Number: d.FactNumber(), Connection: d.Connection, Project: d.Project, At: d.Day, Body: body}, err
}

// Row is the day as stores keep it.
func (d *SessionDay) Row() (FactRow, error) {
	body, err := PlainJSON(d)
	return FactRow{
		Kind: SessionDayFact, Number: d.FactNumber(), Connection: d.Connection, Project: d.Project, Environment: d.Environment, At: d.Day, Body: body,
	}, err
}

// Row is the release as stores keep it.
func (r *Release) Row() (FactRow, error) {
	body, err := PlainJSON(r)
	return FactRow{
		Kind: ReleaseFact, Number: r.FactNumber(), Connection: r.Connection, ID: r.Version, Project: r.Project, At: r.At(), Body: body,
	}, err
}

// readPlain reads the body of a row the short way, or else the long one.
func readPlain[T any](r *FactRow, plain func(*T, string) bool) (T, error) {
	var fact T
	if plain(&fact, r.Body) {
		return fact, nil
	}
	fact = *new(T)
	err := r.into(&fact)
	return fact, err
}

// ErrorGroup is the one that Row was made from.
func (r *FactRow) ErrorGroup() (ErrorGroup, error) {
	g, err := readPlain(r, (*ErrorGroup).plain)
	g.Connection, g.ID, g.Project = r.Connection, r.ID, r.Project
	return g, err
}

// ErrorProject is the one that Row was made from.
func (r *FactRow) ErrorProject() (ErrorProject, error) {
	var p ErrorProject
	err := r.into(&p)
	p.Connection, p.ID = r.Connection, r.ID
	return p, err
}

// EventDay is the one that Row was made from.
func (r *FactRow) EventDay() (EventDay, error) {
	d, err := readPlain(r, (*EventDay).plain)
	d.Connection, d.Project, d.Day = r.Connection, r.Project, r.At
	return d, err
}

// SessionDay is the one that Row was made from.
func (r *FactRow) SessionDay() (SessionDay, error) {
	d, err := readPlain(r, (*SessionDay).plain)
	d.Connection, d.Project, d.Environment, d.Day = r.Connection, r.Project, r.Environment, r.At
	return d, err
}

// Release is the one that Row was made from.
func (r *FactRow) Release() (Release, error) {
	var out Release
	err := r.into(&out)
	out.Connection, out.Project, out.Version = r.Connection, r.Project, r.ID
	return out, err
}

// ListedErrorGroup is ErrorGroup with its place in a list.
func (r *FactRow) ListedErrorGroup() (ListedErrorGroup, error) {
	g, err := r.ErrorGroup()
	return ListedErrorGroup{g, r.Number, r.Cursor()}, err
}

// addErrors is AddFact for facts of errors; false of others.
func (b *Batch) addErrors(r *FactRow) (bool, error) {
	var err error
	switch r.Kind {
	case ErrorGroupFact:
		b.ErrorGroups, err = appendFact(b.ErrorGroups, r, (*FactRow).ErrorGroup)
	case ErrorProjectFact:
		b.ErrorProjects, err = appendFact(b.ErrorProjects, r, (*FactRow).ErrorProject)
	case EventDayFact:
		b.EventDays, err = appendFact(b.EventDays, r, (*FactRow).EventDay)
	case SessionDayFact:
		b.SessionDays, err = appendFact(b.SessionDays, r, (*FactRow).SessionDay)
	case ReleaseFact:
		b.Releases, err = appendFact(b.Releases, r, (*FactRow).Release)
	default:
		return false, nil
	}
	return true, err
}

func appendFact[T any](to []T, r *FactRow, read func(*FactRow) (T, error)) ([]T, error) {
	fact, err := read(r)
	return append(to, fact), err
}
