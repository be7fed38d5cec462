package views

import (
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// repeated is an issue of so many hours, n times.
func repeated(n int, hours int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = hours
	}
	return out
}

func TestAltText(t *testing.T) {
	few, many := repeated(5, 24), repeated(30, 48)
	tests := []struct {
		name, lang string
		data       delivery.PanelData
		want       string
	}{
		{"rose", "en", trend(t, delivery.Elapsed, nil, many, repeated(30, 96)), "Cycle time over time: p85 rose from 2 days to 4 days over 2 weeks; median 3 days."},
		{"rose", "ru", trend(t, delivery.Elapsed, nil, many, repeated(30, 96)), "Время цикла: динамика: p85 за 2 недели вырос — было 2 дня, стало 4 дня; медиана — 3 дня."},
		{"fell", "en", trend(t, delivery.Elapsed, nil, repeated(30, 96), many), "Cycle time over time: p85 fell from 4 days to 2 days over 2 weeks; median 3 days."},
		{"fell", "ru", trend(t, delivery.Business, nil, repeated(30, 16), repeated(30, 8)), "Время цикла: динамика: p85 за 2 недели снизился — было 2 рабочих дня, стало 1 рабочий день; медиана — 1,5 рабочего дня."},
		{"stayed", "en", trend(t, delivery.Elapsed, nil, many, repeated(30, 50)), "Cycle time over time: p85 stayed at about 2.1 days over 2 weeks, after 2 days at first; median 2 days."},
		{"too few in all but one", "en", trend(t, delivery.Elapsed, nil, many, few), "Cycle time over time. In the week from 16 Feb 2026 half of the issues finished within 1 day; over the whole period, within 2 days."},
		{"one whole week", "en", trend(t, delivery.Elapsed, many, many, few, many), "Cycle time over time. In the week from 16 Feb 2026 half of the issues finished within 1 day; over the whole period, within 2 days."},
		{"no trend", "en", marks(t, delivery.Elapsed, 24, 36), "Cycle time of finished issues. 2 issues finished, too few for percentiles; the slowest, DEV-2, took 1.5 days."},
		{"none", "en", trend(t, delivery.Elapsed), "Cycle time over time. No issues to count in this period."},
	}
	for _, tt := range tests {
		if got := plainSpaces(AltText(tt.data, i18n.For(tt.lang))); got != tt.want {
			t.Errorf("%s %s:\n got %s\nwant %s", tt.name, tt.lang, got, tt.want)
		}
	}
}

func TestPictureFoot(t *testing.T) {
	d := trend(t, delivery.Elapsed, repeated(30, 48))
	d.Excluded = map[string]int{"never_active": 3, "excluded_resolution": 1}
	d.Markers = []delivery.Marker{{At: day(t, "2026-02-10"), Kind: "workflow"}}
	for lang, want := range map[string]string{
		"en": "n = 30 · 4 excluded · 2 Feb – 2 Mar 2026 · as of 25 Feb 2026 15:00 · Workflow changed on 10 Feb 2026",
		"ru": "n = 30 · 4 не учтены · 02.02 – 02.03.2026 · на 25.02.2026 15:00 · Процесс изменён 10.02.2026",
	} {
		if got := plainSpaces(PictureFoot(d, i18n.For(lang), nil)); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}

func TestPictureTexts(t *testing.T) {
	en, ru := i18n.For("en"), i18n.For("ru")
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMilli()
	}
	series := PictureOf(twoLines(t), en, ChartSpec{})
	weeks, wochen := PictureOf(trend(t, delivery.Elapsed, repeated(30, 48)), en, ChartSpec{}), PictureOf(trend(t, delivery.Business, repeated(30, 48)), ru, ChartSpec{})
	for _, tt := range []struct{ got, want string }{
		{series.Tick(0), "0"},
		{series.Tick(0.25), "0.25"},
		{series.Tick(9999), "9,999"},
		{series.Tick(12_500), "12.5K"},
		{series.Tick(999_960), "1M"},
		{series.Tick(1_234_567), "1.235M"},
		{series.Tick(-45_000_000_000), "−45B"},
		{series.Tick(2e15), "2e+15"},
		{series.Tick(2e-9), "2e-09"},
		{weeks.Tick(2.5), "2.5"},
		{wochen.Tick(2.5), "2,5"},
		{wochen.Count(250), "250"},
		{wochen.Count(12_540), "12,5 тыс."},
		{wochen.Count(2_000_000), "2 млн"},
		{weeks.Bucket(delivery.Date{Year: 2026, Month: 3, Day: 2}), "2 Mar"},
		{wochen.Bucket(delivery.Date{Year: 2026, Month: 5, Day: 4}), "4 мая"},
		{weeks.Moment(at("2026-03-02T00:00:00Z"), false), "2 Mar"},
		{weeks.Moment(at("2026-03-02T09:05:00Z"), false), "09:05"},
		{wochen.Moment(at("2026-03-01T00:00:00Z"), true), "март"},
		{wochen.Moment(at("2026-01-01T00:00:00Z"), true), "2026"},
		{weeks.End("p85", 3.4*86_400), "p85 3.4 d"},
	} {
		if got := plainSpaces(tt.got); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	if name, ink, dash := series.Line(1); name != "b(c)" || ink != "series-2" || dash != "solid" {
		t.Errorf("a line is %s, %s, %s", name, ink, dash)
	}
	if width, dashed := weeks.Stroke("p50"); width != 2.5 || dashed {
		t.Errorf("p50 is %v wide, dashed %t", width, dashed)
	}
	if name, per := wochen.Axis(); name != "рабочие дни" || per != 8*3600 {
		t.Errorf("an axis of %s, %v s each", name, per)
	}
}
