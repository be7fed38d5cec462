package holidays

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func days(t *testing.T, code string, first, last int) Days {
	t.Helper()
	d, err := For(code, first, last)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func date(t *testing.T, text string) Date {
	t.Helper()
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return Date{parsed.Year(), parsed.Month(), parsed.Day()}
}

func TestCodes(t *testing.T) {
	codes := Codes()
	if len(codes) != 36 || codes[0] != "AR" || codes[len(codes)-1] != None || !slices.Contains(codes, "RU") {
		t.Errorf("%d codes: %v", len(codes), codes)
	}
	for _, code := range codes {
		if !Known(code) {
			t.Errorf("%s is not known", code)
		}
		n := len(days(t, code, 2025, 2025).Off)
		if code != None && (n < 6 || n > 25) || code == None && n != 0 {
			t.Errorf("%s has %d days off", code, n)
		}
	}
	for _, code := range []string{"", "ru", "XX", "NONE"} {
		if Known(code) {
			t.Errorf("%q is known", code)
		}
		if _, err := For(code, 2025, 2025); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", code, err)
		}
	}
}

// Days as the countries' governments publish them.
func TestCountries(t *testing.T) {
	tests := []struct {
		code string
		off  []string
		not  []string
	}{
		{"US", []string{"2026-07-03", "2026-07-04", "2025-11-27", "2021-12-31", "2022-06-20"}, []string{"2026-07-06", "2025-11-26"}},
		{"GB", []string{"2022-01-03", "2021-12-27", "2021-12-28", "2023-05-08", "2020-05-08", "2025-08-25"}, []string{"2022-01-04", "2020-05-04"}},
		{"DE", []string{"2026-04-03", "2026-04-06", "2026-10-03", "2026-12-26"}, []string{"2026-10-05", "2026-10-31"}},
		{"FR", []string{"2026-07-14", "2026-05-14", "2026-11-11"}, []string{"2026-07-15"}},
		{"AU", []string{"2026-01-26", "2026-04-03", "2026-12-25", "2022-09-22"}, []string{"2026-06-08"}},
		{"CH", []string{"2026-08-01", "2026-05-14"}, []string{"2026-03-19", "2026-12-08"}},
		{"JP", []string{"2025-05-06", "2024-02-12"}, []string{"2025-05-07"}},
		{"PL", []string{"2026-11-11", "2026-06-04"}, []string{"2026-11-12"}},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			d := days(t, tt.code, 2019, 2027)
			for _, text := range tt.off {
				if !d.Off[date(t, text)] {
					t.Errorf("%s is not off", text)
				}
			}
			for _, text := range tt.not {
				if d.Off[date(t, text)] {
					t.Errorf("%s is off", text)
				}
			}
			if len(d.Working) != 0 {
				t.Errorf("working days %v", d.Working)
			}
		})
	}
}

// New Year's Day 2022 was a Saturday, kept on the last day of 2021.
func TestYearsAreCut(t *testing.T) {
	for year, want := range map[int]bool{2021: true, 2022: false} {
		if got := days(t, "US", year, year).Off[date(t, "2021-12-31")]; got != want {
			t.Errorf("in %d: %v", year, got)
		}
	}
	for d := range days(t, "US", 2021, 2022).Off {
		if d.Year < 2021 || d.Year > 2022 {
			t.Errorf("%v is outside", d)
		}
	}
}

// Working days of a five-day week by the production calendars of Russia.
func TestRussianYears(t *testing.T) {
	want := map[int]int{2022: 247, 2023: 247, 2024: 248, 2025: 247, 2026: 247, 2027: 249} // 2027 before its decree
	for year, n := range want {
		d, got := days(t, "RU", year, year), 0
		for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			key := Date{year, day.Month(), day.Day()}
			weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
			if d.Working[key] || !weekend && !d.Off[key] {
				got++
			}
			if d.Working[key] && (d.Off[key] || !weekend) {
				t.Errorf("%v is worked, and off or no weekend", key)
			}
		}
		if got != n {
			t.Errorf("%d has %d working days, want %d", year, got, n)
		}
	}
}

func TestRussiaOutsideTheTable(t *testing.T) {
	d := days(t, "RU", 2030, 2030)
	if len(d.Off) != 14 || len(d.Working) != 0 {
		t.Errorf("%d off, %d working", len(d.Off), len(d.Working))
	}
	for _, text := range []string{"2030-01-01", "2030-01-08", "2030-02-23", "2030-03-08", "2030-05-01", "2030-05-09", "2030-06-12", "2030-11-04"} {
		if !d.Off[date(t, text)] {
			t.Errorf("%s is not off", text)
		}
	}
	if d.Off[date(t, "2030-01-09")] {
		t.Error("2030-01-09 is off")
	}
}

func TestUndecreed(t *testing.T) {
	for _, tt := range []struct {
		code string
		year int
		want bool
	}{{"RU", 2026, false}, {"RU", 2027, true}, {"RU", 2028, true}, {"RU", 2021, true}, {"DE", 2040, false}, {None, 2040, false}} {
		if got := Undecreed(tt.code, tt.year); got != tt.want {
			t.Errorf("%s %d: %v", tt.code, tt.year, got)
		}
	}
}
