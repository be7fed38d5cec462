// Package source says what a source is: a system whose facts Throughline pulls.
// Each kind lives in a folder of its own below; none knows another.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"throughline/internal/delivery"
)

// Source pulls facts from one connection.
type Source interface {
	// Pull yields pages from cursor on until there is nothing more to fetch.
	// A page holds what to store and the cursor to go on from once it is
	// stored; the cursor of the last page begins the next pull. After an error
	// nothing more is yielded.
	Pull(ctx context.Context, cursor Cursor) iter.Seq2[Page, error]
	// Check tries the connection and tells in a Report what it sees.
	Check(ctx context.Context) (Report, error)
}

// Cursor is where a pull goes on: the source's own JSON, null for a first pull.
type Cursor = json.RawMessage

// Page is one step of a pull.
type Page struct {
	Batch    delivery.Batch
	Cursor   Cursor
	Progress Progress
	// Problems are records of this page that could not be read. The source
	// keeps them in its cursor and tries them again on the next pull.
	Problems []Problem
}

// Progress counts since the pull began.
type Progress struct {
	Phase    string `json:"phase"` // history, changes, sweep, retry
	Found    int    `json:"found"` // records expected in all; 0 when not known
	Read     int    `json:"read"`
	Requests int    `json:"requests"` // sent to the source
	// What is left of the source's limits, where it says so: of its REST API in
	// requests, of its GraphQL API in points.
	REST    Budget `json:"rest,omitzero"`
	GraphQL Budget `json:"graphql,omitzero"`
}

// Budget is what a source lets be asked until an instant.
type Budget struct {
	Limit   int              `json:"limit"`
	Left    int              `json:"left"`
	ResetAt delivery.Instant `json:"reset_at"`
}

// Problem is a record that could not be taken.
type Problem struct {
	Record  string `json:"record"`  // what it concerns: an issue's key, say
	Path    string `json:"path"`    // JSON path of what is wrong, "$" for all of it
	Message string `json:"message"` // a plain sentence without secrets
	Phrase
}

// Report is what a connection test found.
type Report struct {
	Account      string    // who the token belongs to
	Organization string    // which organisation it opens
	Scope        []string  // what it sees: queues, repositories
	Missing      []Message // what the settings ask for and the token cannot see
	// HooksOnly says that nothing is fetched, so that there is nothing to see.
	HooksOnly bool
}

// Known tells a source what is already stored.
type Known interface {
	IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error)
	IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error]
	// What a delivery.Store says of the same names.
	DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error)
	DeployedRepositories(ctx context.Context, connection string) ([]string, error)
	ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error)
	ErrorGroups(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error]
	ErrorProjects(ctx context.Context) ([]delivery.ErrorProject, error)
}

// Config is one connection, as its kind's New takes it.
type Config struct {
	Connection string
	Settings   Settings
	Secrets    map[string]string
	Known      Known
	Now        func() time.Time
	// Mapped, unless nil, is told how long it took to make facts of one record
	// once it was fetched. It may be called from several goroutines.
	Mapped func(took time.Duration)
}

// Kind describes a type of source: the settings form is made from it.
type Kind struct {
	Name    string // tracker
	Title   string // Yandex Tracker
	Fields  []Field
	Secrets []Field
	// Every is how often connections of the kind are pulled unless they say so
	// themselves; 0 is the usual.
	Every time.Duration
	// New validates the configuration. The client is the one to reach
	// typed-in addresses with; it does not follow redirects to other hosts.
	New func(cfg Config, client *http.Client) (Source, error)
	// Pushed says that nothing is pulled: programs send what there is.
	Pushed bool
	// Settle, unless nil, changes what was pushed as the settings say, before it is
	// stored.
	Settle func(s Settings, b *delivery.Batch) error
	// Deploys, unless nil, is what the settings take for deployments among jobs and
	// runs; nothing when they cannot be read.
	Deploys func(s Settings) delivery.DeployRule
}

// FieldType is how a field is read and asked for.
type FieldType string

const (
	Text     FieldType = "text"
	URL      FieldType = "url"
	List     FieldType = "list" // of texts
	Bool     FieldType = "bool"
	Choice   FieldType = "choice"
	Duration FieldType = "range" // a number of days, weeks or months: 365d
)

// Field is one setting or secret of a kind. Its label and help are looked up in
// the message catalogue as connection.<kind>.<name>.
type Field struct {
	Name     string
	Type     FieldType
	Default  string // as text; a list is separated by commas
	Options  []string
	Advanced bool // folded away in the form
	// Given says of a webhook secret that the system which sends makes it: none is
	// proposed.
	Given bool
}

// ErrAuth is wrapped by errors that only a person can mend: an expired token, a
// missing permission. The connection is paused.
var ErrAuth = errors.New("not authorised")

// AuthError is an ErrAuth with what to do about it, in words for an admin. Code
// names a message of the catalogue, Message is its English text.
type AuthError struct {
	Code    string // expired, forbidden, organization
	Message string
}

func (e *AuthError) Error() string { return e.Message }

// Phrase says it in the reader's language.
func (e *AuthError) Phrase() Phrase { return Phrase{ID: "auth." + e.Code} }

// Unwrap makes errors.Is(err, ErrAuth) true.
func (e *AuthError) Unwrap() error { return ErrAuth }

// RateLimitError says that the source wants to be left alone until RetryAfter.
type RateLimitError struct{ RetryAfter time.Time }

func (e *RateLimitError) Error() string {
	return "rate limit reached; trying again at " + e.RetryAfter.UTC().Format(time.RFC3339)
}

// Phrase says it in the reader's language; when it goes on, a sync says itself.
func (e *RateLimitError) Phrase() Phrase { return Phrase{ID: RateLimited} }

// RateLimited is the ID of the phrase of a RateLimitError.
const RateLimited = "rate_limit"

// SettingError names a setting that cannot be used.
type SettingError struct {
	Field   string
	Message string
	Phrase
}

func (e *SettingError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Message) }
