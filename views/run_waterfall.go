package views

import (
	"cmp"
	"context"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// waterfall is the jobs of a run on one axis of time. Places are in percent of its
// width.
type waterfall struct {
	rows    []jobRow
	ticks   []tick
	from    delivery.Instant
	untimed int // jobs that cannot be drawn
	drawn   map[string]bool
}

// jobRow is a job on the axis.
type jobRow struct {
	job         *RunJob
	tags        string
	queue, body piece // the body is none while it waits
	steps       []step
	title       string
	time        string
}

// piece is a part of a bar, none without a width.
type piece struct{ from, width float64 }

// step is a part of a job's body.
type step struct {
	piece
	kind  string // pull, up or e2e
	label string // drawn when it fits
	tight bool   // it does not on a phone
}

// jobSpan is when a job waited and ran; without an end that is not known.
type jobSpan struct{ queued, start, end delivery.Instant }

// span is when a job waited and ran, as far as it can be drawn: what goes on does
// so until end.
func (j *RunJob) span(end delivery.Instant) jobSpan {
	s := jobSpan{queued: j.CreatedAt, start: j.StartedAt, end: j.FinishedAt}
	switch {
	case !s.start.Known() && !j.Status.Finished() && s.queued.Known():
		s.start, s.end = end, end
	case !s.start.Known():
		return jobSpan{}
	case s.end.Known():
	case !j.Status.Finished():
		s.end = end
	case j.Duration >= 0:
		s.end = s.start + delivery.Instant(j.Duration)
	default:
		return jobSpan{}
	}
	if !s.queued.Known() || s.queued > s.start {
		s.queued = s.start
	}
	s.end = max(s.end, s.start)
	return s
}

// end is up to when what goes on is drawn.
func (v RunView) end() delivery.Instant {
	if v.Run.Status.Finished() && v.Run.FinishedAt.Known() {
		return v.Run.FinishedAt
	}
	return v.Now
}

// waterfall lays out the jobs that say when they ran. The axis begins with the
// attempt.
func (v RunView) waterfall(ctx context.Context) waterfall {
	w := waterfall{from: cmp.Or(v.Run.AttemptAt, v.Run.CreatedAt), drawn: map[string]bool{}}
	if v.Run.Attempt > 1 && !v.Run.AttemptAt.Known() {
		w.from = v.Now // the first attempt may have been days ago
	}
	var to delivery.Instant
	spans := map[*RunJob]jobSpan{}
	jobs := v.ordered()
	for _, j := range jobs {
		s := j.span(v.end())
		if !s.end.Known() {
			w.untimed++
			continue
		}
		spans[j] = s
		w.from, to = min(w.from, s.queued), max(to, s.end)
	}
	total := max(1, int64(to-w.from))
	scale := func(i delivery.Instant) float64 { return 100 * float64(i-w.from) / float64(total) }
	for _, j := range jobs {
		if s, ok := spans[j]; ok {
			r := v.jobRow(ctx, j, s, scale)
			w.rows = append(w.rows, r)
			w.note(&r)
		}
	}
	w.ticks = spanTicks(total, i18n.From(ctx))
	return w
}

// note remembers what a row is drawn with.
func (w *waterfall) note(r *jobRow) {
	w.drawn["queue"] = w.drawn["queue"] || r.queue.width > 0
	w.drawn["job"] = w.drawn["job"] || r.body.width > 0
	w.drawn["failed"] = w.drawn["failed"] || r.job.Status == delivery.RunFailed
	for _, s := range r.steps {
		w.drawn[s.kind] = true
	}
}

// barFill is the pattern of a part of a bar; others have a colour of their class.
func barFill(kind string) string {
	switch kind {
	case "queue", "pull", "up":
		return "url(#wf-" + kind + ")"
	}
	return "none"
}

// kinds are what there is to explain of the drawing.
func (w *waterfall) kinds() []string {
	all := []string{"queue", "job", "pull", "up", "e2e", "failed"}
	return slices.DeleteFunc(all, func(kind string) bool { return !w.drawn[kind] })
}

func (v RunView) jobRow(ctx context.Context, j *RunJob, s jobSpan, scale func(delivery.Instant) float64) jobRow {
	r := jobRow{job: j, tags: v.tags(ctx, j), queue: piece{scale(s.queued), scale(s.start) - scale(s.queued)}}
	if j.StartedAt.Known() {
		r.body = visible(scale(s.start), scale(s.end)-scale(s.start))
	}
	r.time = "–"
	if millis := cmp.Or(max(j.Duration, 0), int64(s.end-s.start)); r.body.width > 0 {
		r.time = elapsed(ctx, millis/1000)
	}
	r.steps = j.steps(ctx, s, scale)
	r.title = t(ctx, "run.job.title", "name", j.Name, "status", t(ctx, "run.status."+string(j.Status)),
		"from", cmp.Or(v.clock(ctx, j.StartedAt), "–"), "to", cmp.Or(v.clock(ctx, j.FinishedAt), "–"), "time", r.time)
	for _, step := range r.steps {
		r.title += "; " + step.label
	}
	for i := range r.steps {
		r.steps[i].fit()
	}
	return r
}

// visible is a piece wide enough to be seen, within the axis.
func visible(from, width float64) piece {
	width = max(width, thinnest)
	return piece{min(from, 100-width), width}
}

// steps are laid one behind another from the start of a job: its source says how
// long they took, but not when.
func (j *RunJob) steps(ctx context.Context, s jobSpan, scale func(delivery.Instant) float64) []step {
	rest := j.UpWithoutPull
	if rest < 0 && j.Up >= 0 {
		rest = j.Up - max(j.Pull, 0)
	}
	var out []step
	at := s.start
	for _, part := range []struct {
		kind   string
		millis int64
	}{{"pull", j.Pull}, {"up", rest}, {"e2e", j.DurationE2E}} {
		end := min(at+delivery.Instant(max(part.millis, 0)), s.end)
		if end <= at {
			continue
		}
		label := t(ctx, "run.step."+part.kind) + " " + elapsed(ctx, part.millis/1000)
		out = append(out, step{piece: piece{scale(at), scale(end) - scale(at)}, kind: part.kind, label: label})
		at = end
	}
	return out
}

// fit takes the label off a step that has no room for it.
func (s *step) fit() {
	const letter, letterOnPhone = 1.1, 2.6 // percent of the axis
	letters := float64(len([]rune(s.label)))
	if s.tight = s.width < letterOnPhone*letters; s.width < letter*letters {
		s.label = ""
	}
}

// spanSteps are distances between the ticks of a stretch of time, in seconds.
var spanSteps = []int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
	86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 90 * 86400, 365 * 86400, 3650 * 86400, 36500 * 86400,
}

// spanTicks say how long after its beginning a stretch of milliseconds has got.
func spanTicks(total int64, p *i18n.Printer) []tick {
	i := slices.IndexFunc(spanSteps, func(s int64) bool { return total/(s*1000) < mostTicks })
	if i < 0 {
		return nil
	}
	var out []tick
	for at := int64(0); at*1000 <= total; at += spanSteps[i] {
		out = append(out, tick{at: 100 * float64(at*1000) / float64(total), label: p.Duration(float64(at), 24)})
	}
	for n := range out {
		out[n].minor = len(out) > fewTicks && n%2 == 1
	}
	return out
}
