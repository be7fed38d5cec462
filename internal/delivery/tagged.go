package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// TagStay is a time in which an issue bore a tag that blocks it.
type TagStay struct {
	Tag   string
	Start Instant
	End   Instant // 0 while it lasts
}

// tagsField is the id of an issue's tags among the fields that an event changed.
const tagsField = "tags"

// blockedTags are words that tell of a tag that issues with it wait for something
// outside; * stands for any ending. A tag is free text, so that its words must be
// these: not every "blockchain" is a block.
var blockedTags = []string{
	"block", "blocked", "hold", "onhold", "impediment", "impeded", "suspended", "needinfo", "need info",
	"блок", "заблокир*", "блокировк*", "приостан*", "ожидан*",
}

// BlocksTag reports whether a tag says that issues with it are blocked.
func BlocksTag(tag string) bool {
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(tag), func(r rune) bool { return !unicode.IsLetter(r) }), " ") + " "
	return slices.ContainsFunc(blockedTags, func(word string) bool {
		if stem, any := strings.CutSuffix(word, "*"); any {
			return strings.Contains(words, " "+stem)
		}
		return strings.Contains(words, " "+word+" ")
	})
}

// TaggedOf says when an issue bore the tags that block it, from its changelog in any
// order: those that it was created with are those that the first change of tags found,
// or those that it has where there was none. Without the full changelog, of which full
// tells, nothing is known of tags. A change that cannot be read changes nothing.
func TaggedOf(issue *Issue, full bool, events []Event) []TagStay {
	if !full {
		return nil
	}
	now, known := issue.Tags, false
	t := tagged{}
	for _, e := range orderedEvents(events) {
		from, to, ok := e.tags()
		if !ok {
			continue
		}
		if !known {
			t.become(from, issue.CreatedAt)
			known = true
		}
		t.become(to, max(e.At, issue.CreatedAt))
	}
	if !known {
		t.become(now, issue.CreatedAt)
	}
	return t.stays
}

// tagged gathers stays.
type tagged struct {
	stays []TagStay
}

// become notes which tags an issue has from an instant on.
func (t *tagged) become(tags []string, at Instant) {
	for i := range t.stays {
		if s := &t.stays[i]; !s.End.Known() && !slices.Contains(tags, s.Tag) {
			s.End = at
		}
	}
	for _, tag := range tags {
		lasts := func(s TagStay) bool { return s.Tag == tag && !s.End.Known() }
		if BlocksTag(tag) && !slices.ContainsFunc(t.stays, lasts) {
			t.stays = append(t.stays, TagStay{Tag: tag, Start: at})
		}
	}
	t.stays = slices.DeleteFunc(t.stays, func(s TagStay) bool { return s.End == s.Start })
}

// tags are those before and after an event that changed them.
func (e *Event) tags() (from, to []string, ok bool) {
	for _, f := range e.Fields {
		if f.Field != tagsField {
			continue
		}
		before, err1 := tagList(f.From)
		after, err2 := tagList(f.To)
		if err1 != nil || err2 != nil {
			continue
		}
		if !ok {
			from = before
		}
		to, ok = after, true
	}
	return from, to, ok
}

func tagList(raw json.RawMessage) (out []string, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	err = json.Unmarshal(raw, &out)
	return out, err
}

// DecodeTagChanges adds to an event what EncodeFields kept of its tags.
func DecodeTagChanges(fields string, e *Event) error {
	if !strings.Contains(fields, `"`+tagsField+`"`) {
		return nil
	}
	if err := json.Unmarshal([]byte(fields), &e.Fields); err != nil {
		return fmt.Errorf("stored fields of event %s: %w", e.ID, err)
	}
	e.Fields = slices.DeleteFunc(e.Fields, func(f FieldChange) bool { return f.Field != tagsField })
	return nil
}

// EncodeTagged is stays as stores keep them, "" for none.
func EncodeTagged(stays []TagStay) (string, error) {
	if len(stays) == 0 {
		return "", nil
	}
	rows := make([][3]any, len(stays))
	for i, s := range stays {
		rows[i] = [3]any{s.Tag, int64(s.Start), int64(s.End)}
	}
	return PlainJSON(rows)
}

var errBadTagged = errors.New("stored tags cannot be read")

// DecodeTagged reads what EncodeTagged wrote.
func DecodeTagged(text string) ([]TagStay, error) {
	if text == "" {
		return nil, nil
	}
	var rows [][3]json.RawMessage
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, errBadTagged
	}
	out := make([]TagStay, len(rows))
	for i, row := range rows {
		s := &out[i]
		var start, end int64
		if errors.Join(json.Unmarshal(row[0], &s.Tag), json.Unmarshal(row[1], &start), json.Unmarshal(row[2], &end)) != nil {
			return nil, errBadTagged
		}
		s.Start, s.End = Instant(start), Instant(end)
	}
	return out, nil
}
