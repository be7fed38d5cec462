package views

import (
	"strconv"
	"strings"
	"time"
)

// Once is what is shown once: a link or a token, and whom or what it is for.
type Once struct{ Name, Value string }

// UserRow is a user as lists show one.
type UserRow struct {
	ID         int64
	Email      string
	Role       string
	CreatedAt  time.Time
	LastSeenAt time.Time
	Teams      []string
	Self       bool // the one who looks
}

func (u UserRow) path() string { return "/settings/users/" + strconv.FormatInt(u.ID, 10) }

// InviteRow is somebody who was invited and has not come yet.
type InviteRow struct {
	ID        int64
	Email     string
	Role      string
	CreatedAt time.Time
	ExpiresAt time.Time
	Expired   bool
}

func (i InviteRow) path() string { return "/settings/users/invites/" + strconv.FormatInt(i.ID, 10) }

// UserList is the page of users.
type UserList struct {
	Users     []UserRow
	Invites   []InviteRow
	Teams     bool // there are some
	Invite    Form
	Roles     []Option
	Anonymous bool // whoever is not signed in may look
	Once      *Once
	Demo      bool
}

// UserDetails is the page of one user.
type UserDetails struct {
	UserRow
	Form
	Roles []Option
	Once  *Once
	Demo  bool
}

// Account is the page of whoever is signed in.
type Account struct {
	UserRow
	Form
}

// Invitation is what a one-time link is for.
type Invitation struct {
	Token     string
	Email     string
	Role      string
	Reset     bool // of a user who chooses another password
	ExpiresAt time.Time
}

// TokenRow is an API token, without its value.
type TokenRow struct {
	ID          int64
	Name        string
	Scopes      []string
	Connection  string
	Provisioned bool
	CreatedAt   time.Time
	LastUsedAt  time.Time
}

func (t TokenRow) path() string { return "/settings/tokens/" + strconv.FormatInt(t.ID, 10) + "/revoke" }

// TokenList is the page of tokens, with the form for another one.
type TokenList struct {
	Form
	Tokens      []TokenRow
	Scopes      []string
	Connections []Option
	Once        *Once
	Examples    []Example // of what programs may send; none when no token is for that
}

// Example is a command to copy.
type Example struct{ ID, Title, Command string }

// rows is how many lines the command has.
func (e Example) rows() string { return strconv.Itoa(1 + strings.Count(e.Command, "\n")) }

// AuditLog is a page of the log of changes.
type AuditLog struct {
	Entries       []AuditEntry
	User, Kind    string // the filter
	Users, Kinds  []Option
	Newest, Older string // addresses
}

func (l AuditLog) filtered() bool { return l.User != "" || l.Kind != "" }

// AuditEntry is one change.
type AuditEntry struct {
	At      time.Time
	By      string
	Action  string
	Kind    string // of what was changed
	Name    string // of it, "" where there is only one of the kind
	Changes AuditChanges
	Undo    int64 // its id where it can be undone, else 0
}

// AuditChanges are fields before and after; More is how many are not shown.
type AuditChanges struct {
	Fields []AuditChange
	More   int
}

// AuditChange is one field; "" is a side where it was not there.
type AuditChange struct{ Path, Before, After string }
