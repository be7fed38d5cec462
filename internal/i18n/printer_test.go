package i18n

import (
	"context"
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		v      float64
		frac   int
		en, ru string
	}{
		{0, 2, "0", "0"},
		{6.25, 1, "6.2", "6,2"},
		{6.0, 1, "6", "6"},
		{999, 0, "999", "999"},
		{1234.5, 1, "1,234.5", "1\u00a0234,5"},
		{1234567, 0, "1,234,567", "1\u00a0234\u00a0567"},
		{-1234, 0, "−1,234", "−1\u00a0234"},
		{-0.04, 1, "0", "0"},
	} {
		if got := For("en").Number(c.v, c.frac); got != c.en {
			t.Errorf("en Number(%v, %d) = %q, want %q", c.v, c.frac, got, c.en)
		}
		if got := For("ru").Number(c.v, c.frac); got != c.ru {
			t.Errorf("ru Number(%v, %d) = %q, want %q", c.v, c.frac, got, c.ru)
		}
	}
}

// spaced makes no-break spaces visible to the eye of who writes tests.
func spaced(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r == '\u00a0' {
			out[i] = ' '
		}
	}
	return string(out)
}

func TestDuration(t *testing.T) {
	const hour, day = 3600.0, 86400.0
	for _, c := range []struct {
		seconds, dayHours float64
		en, ru            string
	}{
		{0, 24, "0 s", "0 с"},
		{40.4, 24, "40 s", "40 с"},
		{59.6, 24, "1 min", "1 мин"},
		{725, 24, "12 min 5 s", "12 мин 5 с"},
		{3599, 24, "1 h", "1 ч"},
		{5*hour + 20*60, 24, "5 h 20 min", "5 ч 20 мин"},
		{23*hour + 59*60, 24, "1 d", "1 дн."},
		{3*day + 4*hour, 24, "3 d 4 h", "3 дн. 4 ч"},
		{3*day + 23.9*hour, 24, "4 d", "4 дн."},
		{45*day + 5*hour, 24, "45 d", "45 дн."},
		{21 * hour, 9, "2 d 3 h", "2 дн. 3 ч"},
		{30 * hour, 0, "30 h", "30 ч"},
		{1e9, 24, "11,574 d", "11 574 дн."},
		{-90, 24, "−1 min 30 s", "−1 мин 30 с"},
	} {
		if got := spaced(For("en").Duration(c.seconds, c.dayHours)); got != c.en {
			t.Errorf("en Duration(%v, %v) = %q, want %q", c.seconds, c.dayHours, got, c.en)
		}
		if got := spaced(For("ru").Duration(c.seconds, c.dayHours)); got != c.ru {
			t.Errorf("ru Duration(%v, %v) = %q, want %q", c.seconds, c.dayHours, got, c.ru)
		}
	}
}

func TestDays(t *testing.T) {
	for _, c := range []struct {
		seconds, dayHours float64
		en, ru            string
	}{
		{6.2 * 86400, 24, "6.2 d", "6,2 дн."},
		{6.2 * 9 * 3600, 9, "6.2 d", "6,2 дн."},
		{3.5 * 3600, 24, "3.5 h", "3,5 ч"},
		{90, 24, "1.5 min", "1,5 мин"},
		{12, 24, "12 s", "12 с"},
		{365.25 * 86400, 24, "365 d", "365 дн."},
		{50 * 3600, 0, "50 h", "50 ч"},
		{86400 - 100, 24, "1 d", "1 дн."}, // not 24 h
		{86400 - 200, 24, "23.9 h", "23,9 ч"},
		{9*3600 - 100, 9, "1 d", "1 дн."},
		{-86400 + 100, 24, "−1 d", "−1 дн."},
		{3600 - 2, 24, "1 h", "1 ч"}, // not 60 min
		{3600 - 4, 24, "59.9 min", "59,9 мин"},
		{59.6, 24, "1 min", "1 мин"}, // not 60 s
		{59.4, 24, "59 s", "59 с"},
	} {
		if got := spaced(For("en").Days(c.seconds, c.dayHours)); got != c.en {
			t.Errorf("en Days(%v, %v) = %q, want %q", c.seconds, c.dayHours, got, c.en)
		}
		if got := spaced(For("ru").Days(c.seconds, c.dayHours)); got != c.ru {
			t.Errorf("ru Days(%v, %v) = %q, want %q", c.seconds, c.dayHours, got, c.ru)
		}
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, time.January, 2, 15, 4, 0, 0, time.UTC)
	if got := spaced(For("en").DateTime(at)); got != "2 Jan 2026 15:04" {
		t.Errorf("en DateTime = %q", got)
	}
	if got := For("ru").DateTime(at); got != "02.01.2026 15:04" {
		t.Errorf("ru DateTime = %q", got)
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		d      time.Duration
		en, ru string
	}{
		{-10 * time.Second, "just now", "только что"},
		{-61 * time.Second, "1 minute ago", "1 минуту назад"},
		{-3 * time.Minute, "3 minutes ago", "3 минуты назад"},
		{-11 * time.Minute, "11 minutes ago", "11 минут назад"},
		{-21 * time.Hour, "21 hours ago", "21 час назад"},
		{-48 * time.Hour, "2 days ago", "2 дня назад"},
		{-100 * 24 * time.Hour, "3 months ago", "3 месяца назад"},
		{-5 * 8766 * time.Hour, "5 years ago", "5 лет назад"},
		{20 * time.Second, "in a moment", "сейчас"},
		{25 * time.Minute, "in 25 minutes", "через 25 минут"},
		{2 * time.Hour, "in 2 hours", "через 2 часа"},
	} {
		if got := For("en").Ago(now.Add(c.d), now); got != c.en {
			t.Errorf("en Ago(%v) = %q, want %q", c.d, got, c.en)
		}
		if got := For("ru").Ago(now.Add(c.d), now); got != c.ru {
			t.Errorf("ru Ago(%v) = %q, want %q", c.d, got, c.ru)
		}
	}
}

func TestPlural(t *testing.T) {
	for _, c := range []struct {
		n      any
		en, ru string
	}{
		{1, "of 1 issue", "по 1 задаче"},
		{2, "of 2 issues", "по 2 задачам"},
		{5, "of 5 issues", "по 5 задачам"},
		{21, "of 21 issues", "по 21 задаче"},
		{1.5, "of 1.5 issues", "по 1,5 задачи"},
		{int64(1000), "of 1,000 issues", "по 1 000 задачам"},
	} {
		if got := For("en").T("figure.of.issues", "n", c.n); got != c.en {
			t.Errorf("en %v: %q, want %q", c.n, got, c.en)
		}
		if got := spaced(For("ru").T("figure.of.issues", "n", c.n)); got != c.ru {
			t.Errorf("ru %v: %q, want %q", c.n, got, c.ru)
		}
	}
}

func TestPlaceholdersAreNotExpandedTwice(t *testing.T) {
	if got := For("en").T("sync.said", "text", "{name} {text}"); got != "The source said: {name} {text}" {
		t.Errorf("T = %q", got)
	}
}

func TestMatch(t *testing.T) {
	for header, want := range map[string]string{
		"":                          "",
		"ru":                        "ru",
		"ru-RU,ru;q=0.9,en;q=0.8":   "ru",
		"de-DE,en;q=0.5":            "en",
		"de, fr;q=0.7":              "",
		"en;q=0.1,ru;q=0.2":         "ru",
		"*":                         "",
		"not a language, at all;;;": "",
	} {
		if got := Match(header); got != want {
			t.Errorf("Match(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestContext(t *testing.T) {
	if got := T(context.Background(), "theme.dark"); got != "Dark" {
		t.Errorf("without a printer: %q", got)
	}
	if got := T(With(context.Background(), For("ru")), "theme.dark"); got != "Тёмная" {
		t.Errorf("with the Russian one: %q", got)
	}
	if got := For("xx").Lang(); got != Default {
		t.Errorf("an unknown language is %q", got)
	}
	if got := For("en").T("no.such.id"); got != "no.such.id" {
		t.Errorf("an unknown id is %q", got)
	}
}
