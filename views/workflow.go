package views

// WorkflowForm sorts statuses into classes: of all queues, of one or of a team.
type WorkflowForm struct {
	Form
	Queue       string // "" for all
	Team        string // "" for all
	Queues      []Tab
	Teams       []Tab
	Shared      []string // queues of the team that its own lists do not concern
	Own         bool     // the queue or team has a sorting of its own
	Statuses    []StatusChoice
	Classes     []Option
	Unmapped    int
	Version     string // day of the version that is shown
	Versions    []Version
	Provisioned bool
	Disabled    bool // not the reader's to change
	Rebuild     Rebuild
	Away        bool // the fact store does not answer: its statuses are missing
}

func (f WorkflowForm) common() bool { return f.Queue == "" && f.Team == "" }

// StatusChoice is a status found in the data with its class.
type StatusChoice struct {
	Key    string
	Name   string
	Queues []string
	Issues int // in it now
	Visits int
	Class  string
	Source string // the list that the class comes from
	Mapped bool   // somebody chose; otherwise the class comes from the status type
}

// queuesShown is how many queues of a status are named.
const queuesShown = 4
