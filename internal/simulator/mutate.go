package simulator

import (
	"fmt"
	"strings"
)

// Everything done by hand happens at the company's time, which moves on two
// milliseconds; what the issue's plan held for later is off.

// do adds acts to an issue by hand. The company is locked.
func (c *Company) do(is *issue, acts ...act) {
	if !is.frozen.Known() {
		is.frozen = c.now + 1
	}
	for _, a := range acts {
		a.at = c.now + 1
		c.now += 2 // the status it may enter starts a millisecond later
		if a.actor == nobody {
			a.actor = 1
		}
		is.extra = append(is.extra, a)
	}
	_, claims := is.replay(c.now)
	for _, cl := range claims {
		is.take(c, queues[cl.queue].key)
	}
	c.changed()
}

// hand finds a generated issue to do something with.
func (c *Company) hand(key string) (*issue, error) {
	is := c.byKey[key]
	if is == nil || is.st == nil {
		return nil, fmt.Errorf("there is no issue %s", key)
	}
	if is.raw != nil {
		return nil, fmt.Errorf("issue %s was loaded and does not change", key)
	}
	return is, nil
}

// Transition changes an issue's status, by key of the status; resolution is a
// key too, "" leaves it, "-" takes it away.
func (c *Company) Transition(key, status, resolution string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	is, err := c.hand(key)
	if err != nil {
		return err
	}
	a := act{do: doStatus, a: int32(lookUp(statuses, status)), b: keepResolution}
	if a.a == 0 {
		return fmt.Errorf("there is no status %s", status)
	}
	if resolution != "" {
		a.b = int32(lookUp(resolutions, resolution))
		if a.b == 0 && resolution != "-" {
			return fmt.Errorf("there is no resolution %s", resolution)
		}
	}
	c.do(is, a)
	return nil
}

// Edit sets a field: summary and description to any text, assignee to a login,
// priority and type to a key, tags to a tag that is added or taken away, and
// comment adds one.
func (c *Company) Edit(key, field, to string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	is, err := c.hand(key)
	if err != nil {
		return err
	}
	a := act{text: to}
	found := true
	switch field {
	case "summary":
		a.do = doSummary
	case "description":
		a.do = doDescription
	case "comment":
		a.do = doComment
	case "assignee":
		a.do, a.a, a.flag = doAssign, int32(personNamed(to)), 1
		found = a.a != 0 && index(a.a) != is.st.assignee
	case "priority":
		a.do, a.a = doPriority, int32(lookUp(priorities, to))
		found = a.a != 0 && index(a.a) != is.st.priority
	case "type":
		a.do, a.a = doType, int32(lookUp(issueTypes, to))
		found = a.a != 0
	case "tags":
		a.do, a.a = doTags, -1
		for i, t := range tagNames {
			if t == to {
				a.a = int32(i)
			}
		}
		found = a.a >= 0
	default:
		return fmt.Errorf("cannot edit the field %s", field)
	}
	if !found {
		return fmt.Errorf("edit %s of %s: cannot be set to %q", field, key, to)
	}
	c.do(is, a)
	return nil
}

// MoveHow says what a move does to the status.
type MoveHow int

// Ways to move an issue.
const (
	KeepStatus  MoveHow = iota
	ResetStatus         // to the queue's first one, told in the IssueMoved
	ResetUntold         // the same without a trace in the changelog
)

// Move takes an issue to another queue and returns its new key.
func (c *Company) Move(key, queue string, how MoveHow) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	is, err := c.hand(key)
	if err != nil {
		return "", err
	}
	q, ok := queueByKey(queue)
	if !ok || q == is.st.queue {
		return "", fmt.Errorf("cannot move %s to the queue %s", key, queue)
	}
	a := act{do: doMove, a: int32(q)}
	if how != KeepStatus {
		a.b = int32(queues[q].initial)
	}
	if how == ResetUntold {
		a.flag = hidden
	}
	c.do(is, a)
	return is.st.key(), nil
}

// Delete makes an issue answer 404 and vanish from searches.
func (c *Company) Delete(key string) error { return c.exist(key, doDelete) }

// Restore brings a deleted issue back, as updated now.
func (c *Company) Restore(key string) error { return c.exist(key, doRestore) }

func (c *Company) exist(key string, do doing) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := c.byKey[strings.ToUpper(key)]
	if is == nil || is.st == nil {
		return fmt.Errorf("there is no issue %s", key)
	}
	if is.raw == nil {
		c.do(is, act{do: do})
		return nil
	}
	gone := *is.st
	gone.deleted = do == doDelete
	is.st = &gone
	c.changed()
	return nil
}
