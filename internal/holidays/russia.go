package holidays

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// ru.json holds, by year, the days that are off and the weekend days that are
// worked after the government's decree on moved days.
//
//go:embed ru.json
var ruTable []byte

type ruYear struct {
	DaysOff         []string `json:"days_off"`
	WeekendWorkdays []string `json:"weekend_workdays"`
	Decreed         bool     `json:"decreed"`
}

func ruYears() (map[string]ruYear, error) {
	var years map[string]ruYear
	if err := json.Unmarshal(ruTable, &years); err != nil {
		return nil, fmt.Errorf("calendar of Russia: %w", err)
	}
	return years, nil
}

// statutory are the holidays of article 112 of the Labour Code, without the
// days that are moved every year.
func statutory(year int) []Date {
	days := []Date{
		{year, time.February, 23},
		{year, time.March, 8},
		{year, time.May, 1},
		{year, time.May, 9},
		{year, time.June, 12},
		{year, time.November, 4},
	}
	for day := 1; day <= 8; day++ {
		days = append(days, Date{year, time.January, day})
	}
	return days
}

func addRussia(days Days, firstYear, lastYear int) error {
	table, err := ruYears()
	if err != nil {
		return err
	}
	for year := firstYear; year <= lastYear; year++ {
		known, ok := table[strconv.Itoa(year)]
		if !ok {
			for _, d := range statutory(year) {
				days.Off[d] = true
			}
			continue
		}
		if err := addDates(days.Off, known.DaysOff); err != nil {
			return err
		}
		if err := addDates(days.Working, known.WeekendWorkdays); err != nil {
			return err
		}
	}
	return nil
}

func addDates(to map[Date]bool, dates []string) error {
	for _, s := range dates {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return fmt.Errorf("calendar of Russia: %w", err)
		}
		to[Date{t.Year(), t.Month(), t.Day()}] = true
	}
	return nil
}

// Undecreed reports whether days of the year may still be moved, or were moved
// and are not known here. Only Russia moves days by decree.
func Undecreed(code string, year int) bool {
	if code != russia {
		return false
	}
	table, err := ruYears()
	return err != nil || !table[strconv.Itoa(year)].Decreed
}
