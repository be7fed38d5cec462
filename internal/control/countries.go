package control

import "throughline/internal/holidays"

// HolidayCountries are the codes that Calendar.Holidays may be, the one for no
// holidays last.
func HolidayCountries() []string { return holidays.Codes() }

// Undecreed reports whether working days of the year may still be moved by
// decree in the calendar's country.
func (c Calendar) Undecreed(year int) bool { return holidays.Undecreed(c.Holidays, year) }
