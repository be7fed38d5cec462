package views

import "strings"

// TeamList is the page of teams.
type TeamList struct {
	Teams      []Team
	Unassigned []TeamQueue // of no team
	Shared     []TeamQueue // of several
	Targets    []Option    // teams that the reader may add a queue to
	Admin      bool
	Away       bool // the fact store does not answer: its queues are missing
}

// Team is a team in the list.
type Team struct {
	Name        string
	Path        string
	Flow        string // its numbers
	Calendar    string // "" for the default one
	Queues      []TeamQueue
	Other       int // patterns of other kinds
	Members     []string
	Provisioned bool
	Editable    bool
}

// TeamQueue is a queue found in the data.
type TeamQueue struct {
	Key    string
	Issues int
	Teams  []string // others that map it
}

// TeamForm is the form of a team.
type TeamForm struct {
	Form
	New         bool
	Name        string // as it is stored
	Path        string
	Calendars   []Option
	Members     []MemberChoice
	Statuses    string // path of its own statuses
	OwnStatuses bool
	Provisioned bool
	Admin       bool
	Preview     TeamPreview
}

// MemberChoice is a user as a checkbox.
type MemberChoice struct {
	ID, Email, Role string
	On              bool
}

// TeamPreview is what the patterns in the form take in.
type TeamPreview struct {
	New             bool
	Known           bool // there are queues at all
	Queues, In, Out []TeamQueue
	Shared          []TeamQueue // by what is stored too
	Sharing         []TeamQueue // only by what is not saved
	Nothing         bool        // there are no patterns at all
	Mistakes        []string    // why it cannot be saved
	Issues          int
	Numbers         *Numbers // when asked for
}

// teamQueuesShown is how many queues are named before the rest is folded away.
const teamQueuesShown = 8

func queueNames(queues []TeamQueue) string {
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Key
	}
	return strings.Join(names, ", ")
}

// head is the first of queues, and the rest.
func head(queues []TeamQueue, n int) (first, rest []TeamQueue) {
	n = min(n, len(queues))
	return queues[:n], queues[n:]
}

// SharedGroup is queues that the same other teams map, in words.
type SharedGroup struct {
	Teams, Queues string
	N             int
}

// SharedGroups are queues by the teams that map them, in their order.
func SharedGroups(queues []TeamQueue) []SharedGroup {
	var out []SharedGroup
	at := map[string]int{}
	for _, q := range queues {
		of := strings.Join(q.Teams, ", ")
		i, ok := at[of]
		if !ok {
			i, at[of] = len(out), len(out)
			out = append(out, SharedGroup{Teams: of})
		}
		g := &out[i]
		switch g.N++; {
		case g.N == 1:
			g.Queues = q.Key
		case g.N <= teamQueuesShown:
			g.Queues += ", " + q.Key
		case g.N == teamQueuesShown+1:
			g.Queues += ", …"
		}
	}
	return out
}
