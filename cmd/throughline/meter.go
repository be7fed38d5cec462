package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"throughline/internal/source"
)

// meterEvery is the time between two lines of progress where there is no
// terminal to draw a bar on.
const meterEvery = 5 * time.Second

// meter shows the progress of one sync: a bar on a terminal, else lines.
type meter struct {
	w     io.Writer
	name  string
	now   func() time.Time
	start time.Time
	last  time.Time // of the last line
	bar   *progressbar.ProgressBar
}

func newMeter(w io.Writer, name string, now func() time.Time) *meter {
	m := &meter{w: w, name: name, now: now, start: now(), last: now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		m.bar = progressbar.NewOptions(-1,
			progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(), progressbar.OptionSetRenderBlankState(true))
	}
	return m
}

func (m *meter) show(p source.Progress) {
	if m.bar == nil {
		m.line(p)
		return
	}
	// The bar is decoration: that it cannot be drawn changes nothing.
	m.bar.Describe(m.name + ": " + p.Phase)
	if p.Found > 0 && m.bar.GetMax() != max(p.Found, p.Read) {
		m.bar.ChangeMax(max(p.Found, p.Read))
	}
	_ = m.bar.Set(p.Read)
}

// line says how far the sync is, unless that was said just now.
func (m *meter) line(p source.Progress) {
	now := m.now()
	if now.Sub(m.last) < meterEvery {
		return
	}
	m.last = now
	rate := float64(p.Read) / now.Sub(m.start).Seconds()
	if p.Found <= p.Read || rate == 0 {
		say(m.w, "%s: %s: %d read, %.0f/s\n", m.name, p.Phase, p.Read, rate)
		return
	}
	left := time.Duration(float64(p.Found-p.Read) / rate * float64(time.Second)).Round(time.Second)
	say(m.w, "%s: %s: %d of %d read, %.0f/s, %s left\n", m.name, p.Phase, p.Read, p.Found, rate, left)
}

func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}
