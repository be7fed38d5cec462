package views

// WorkflowForm sorts statuses into classes: of all queues, or of one.
type WorkflowForm struct {
	Form
	Queue       string // "" for all
	Queues      []Tab
	Own         bool // the queue has a sorting of its own
	Statuses    []StatusChoice
	Classes     []Option
	Unmapped    int
	Provisioned bool
	Rebuilding  bool
}

// StatusChoice is a status found in the data with its class.
type StatusChoice struct {
	Key    string
	Name   string
	Queues []string
	Issues int // in it now
	Visits int
	Class  string
	Mapped bool // somebody chose; otherwise the class comes from the status type
}

// queuesShown is how many queues of a status are named.
const queuesShown = 4
