package views

// CalendarForm is the form of a calendar.
type CalendarForm struct {
	Form
	Name        string
	New         bool   // to be given a name
	Version     string // day of the version that is shown
	Versioned   bool   // a version holds before it
	Default     bool   // where no other calendar does, this one holds
	Calendars   []Tab
	Teams       []string // that have it
	Provisioned bool
	Disabled    bool // not the reader's to change
	Deletable   bool
	Admin       bool
	Chosen      bool // one is saved; otherwise the built-in one is shown
	Zones       []string
	Days        []DayChoice
	Countries   []Option
	Presets     []Tab
	Versions    []Version
	Preview     CalendarPreview
}

// DayChoice is a day of the week as a checkbox.
type DayChoice struct {
	Value string // mon
	Label string
	On    bool
}

// CalendarPreview is what a calendar comes to.
type CalendarPreview struct {
	WeekHours float64 // 0: the form cannot be read yet
	Mistakes  []string
	DayHours  float64
	Years     []CalendarYear

	WasWeekHours float64  // by what is saved; 0 when that is not compared
	Asked        bool     // for numbers
	Numbers      *Numbers // nil when nobody has the calendar
}

// CalendarYear is how much is worked in a year.
type CalendarYear struct {
	Year      int
	Days      int
	Hours     float64
	Undecreed bool // days may still be moved
}
