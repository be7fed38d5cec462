package views

// CalendarForm is the form of the default calendar.
type CalendarForm struct {
	Form
	Provisioned bool
	Chosen      bool // one is saved; otherwise the built-in one is shown
	Zones       []string
	Days        []DayChoice
	Countries   []Option
	Presets     []Tab
	Versions    []CalendarVersion
	Preview     CalendarPreview
}

// DayChoice is a day of the week as a checkbox.
type DayChoice struct {
	Value string // mon
	Label string
	On    bool
}

// CalendarVersion is a calendar as it holds from a day on.
type CalendarVersion struct {
	From string // "" for the beginning of time
	Text string
}

// CalendarPreview is what a calendar comes to.
type CalendarPreview struct {
	WeekHours float64 // 0: the form cannot be read yet
	DayHours  float64
	Years     []CalendarYear
}

// CalendarYear is how much is worked in a year.
type CalendarYear struct {
	Year      int
	Days      int
	Hours     float64
	Undecreed bool // days may still be moved
}
