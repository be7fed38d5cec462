package github

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// maxMessageKept bounds what is kept of a commit's message.
const maxMessageKept = 1000

var errMoment = errors.New("is not a time like 2026-01-31T12:00:00Z")

// moment is a time of an answer, 0 when it is null.
type moment delivery.Instant

func (m *moment) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if *m = 0; text == "null" || text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errMoment
	}
	// A commit's author says what time it was, and may say anything.
	if t.Year() >= firstYear && t.Year() <= lastYear {
		*m = moment(delivery.InstantOf(t))
	}
	return nil
}

func (m moment) at() delivery.Instant { return delivery.Instant(m) }

// account is who did something; nil when the account is gone.
type account struct {
	Login string `json:"login"`
	Type  string `json:"type"`       // of REST
	Kind  string `json:"__typename"` // of GraphQL
}

// bot reports whether it is one, as GitHub or the name says.
func (a *account) bot() bool {
	return a != nil && (a.Type == "Bot" || a.Kind == "Bot" || strings.HasSuffix(a.Login, botSuffix))
}

const botSuffix = "[bot]"

// name is the login as REST and hooks have it: GraphQL leaves a bot's end out.
func (a *account) name() string {
	if a == nil {
		return ""
	}
	if a.Kind == "Bot" && !strings.HasSuffix(a.Login, botSuffix) {
		return a.Login + botSuffix
	}
	return a.Login
}

// madeCommit is a commit that was read.
func madeCommit(sha string, at delivery.Instant, author, message string) delivery.Commit {
	return delivery.Commit{
		SHA: sha, AuthoredAt: at, Author: author, Message: keptMessage(message), Bot: strings.HasSuffix(author, botSuffix),
	}
}

var reverts = regexp.MustCompile(`(?i)\brevert`)

// keptMessage is the first line of a commit's message, and what says what it reverts.
func keptMessage(message string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(message), "\n")
	kept := []string{cutText(strings.TrimSpace(first), maxTitle)}
	for line := range strings.SplitSeq(rest, "\n") {
		if line = strings.TrimSpace(line); reverts.MatchString(line) {
			kept = append(kept, cutText(line, maxTitle))
		}
	}
	return cutText(strings.Join(kept, "\n"), maxMessageKept)
}

func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// restCommit is a commit as the REST API lists them.
type restCommit struct {
	SHA    string `json:"sha"`
	Commit struct {
		Message string `json:"message"`
		Author  struct {
			Name string `json:"name"`
			Date moment `json:"date"`
		} `json:"author"`
		Committer struct {
			Date moment `json:"date"`
		} `json:"committer"`
	} `json:"commit"`
	Author  *account `json:"author"`
	Parents []struct {
		SHA string `json:"sha"`
	} `json:"parents"`
}

func (c *restCommit) commit() delivery.Commit {
	author := c.Author.name()
	if author == "" {
		author = c.Commit.Author.Name
	}
	out := madeCommit(c.SHA, c.Commit.Author.Date.at(), author, c.Commit.Message)
	out.Bot = out.Bot || c.Author.bot()
	return out
}

func (c *restCommit) parents() (out []string) {
	for _, parent := range c.Parents {
		out = append(out, parent.SHA)
	}
	return out
}

// graphCommit is a commit as the GraphQL API has it.
type graphCommit struct {
	OID       string `json:"oid"`
	Authored  moment `json:"authoredDate"`
	Committed moment `json:"committedDate"`
	Message   string `json:"message"`
	Author    *struct {
		Name string   `json:"name"`
		User *account `json:"user"`
	} `json:"author"`
}

const commitFields = ` oid authoredDate message author{name user{login}} `

func (c *graphCommit) commit() delivery.Commit {
	author := ""
	if c.Author != nil {
		if author = c.Author.User.name(); author == "" {
			author = c.Author.Name
		}
	}
	return madeCommit(c.OID, c.Authored.at(), author, c.Message)
}

// earliest is the first author date of commits, 0 when none is known.
func earliest(commits []delivery.Commit) delivery.Instant {
	var first delivery.Instant
	for i := range commits {
		if at := commits[i].AuthoredAt; at.Known() && (!first.Known() || at < first) {
			first = at
		}
	}
	return first
}
