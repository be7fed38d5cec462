package tracker

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

var (
	testNow   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	testStart = time.Date(2025, 9, 1, 8, 0, 0, 0, time.UTC)
)

const trackerTime = "2006-01-02T15:04:05.000-0700"

// generate makes n issues, each updated an hour after the one before, with
// so many events each.
func generate(n, events int) *fake {
	f := &fake{}
	for i := range n {
		f.issues = append(f.issues, newFakeIssue(i, events))
	}
	return f
}

func newFakeIssue(n, events int) *fakeIssue {
	queue := [...]string{"DEMO", "OPS"}[n%2]
	i := &fakeIssue{id: fmt.Sprintf("%024x", n+1), key: fmt.Sprintf("%s-%d", queue, n+1), queue: queue}
	created := testStart.Add(time.Duration(n) * time.Hour)
	i.updated = created
	i.addEvent("IssueCreated", created, "", "open", created)
	status, since := "open", created
	for e := 1; e < events; e++ {
		at := created.Add(time.Duration(e) * 90 * time.Second)
		if e%4 != 0 {
			i.addEvent("IssueUpdated", at, "", "", since)
			continue
		}
		next := map[string]string{"open": "inProgress", "inProgress": "closed", "closed": "open"}[status]
		i.addEvent("IssueWorkflow", at, status, next, since)
		status, since = next, at
	}
	i.set(created, status, since)
	return i
}

// set writes the record as of the issue's events.
func (i *fakeIssue) set(created time.Time, status string, since time.Time) {
	i.record = json.RawMessage(fmt.Sprintf(`{"self":"https://x/v3/issues/%[1]s","id":%[2]q,"key":%[1]q,"version":%[3]d,"summary":"Issue %[1]s",
"description":%[9]q,"statusStartTime":%[4]q,"type":{"id":"2","key":"task","display":"Task"},"priority":{"id":"3","key":"normal","display":"Normal"},
"createdAt":%[5]q,"updatedAt":%[6]q,"createdBy":{"id":"8001","display":"Alice Anderson"},"assignee":{"id":8002,"display":"Bob Brown"},
"queue":{"id":"1","key":%[7]q,"display":"Queue"},"status":{"id":"1","key":%[8]q,"display":"%[8]s"},"tags":["a","b"],"storyPoints":3,
"commentWithoutExternalMessageCount":2,"commentWithExternalMessageCount":1,"followers":[{"id":"1"}],"votes":0}`,
		i.key, i.id, len(i.events), since.Format(trackerTime), created.Format(trackerTime), i.updated.Format(trackerTime), i.queue, status,
		strings.Repeat("Lorem ipsum. ", 40)))
}

func (i *fakeIssue) addEvent(kind string, at time.Time, from, to string, since time.Time) {
	id := fmt.Sprintf("%s%04x", i.id[4:], len(i.events))
	ref := func(key string) string {
		if key == "" {
			return "null"
		}
		return fmt.Sprintf(`{"self":"https://x/v3/statuses/%[1]s","id":"1","key":%[1]q,"display":%[1]q}`, key)
	}
	fields := fmt.Sprintf(`{"field":{"self":"https://x/v3/fields/tags","id":"tags","display":"Tags"},"from":["a"],"to":["a","t%d"]}`, len(i.events))
	if to != "" {
		fields = fmt.Sprintf(`{"field":{"self":"https://x/v3/fields/status","id":"status","display":"Status"},"from":%s,"to":%s},
{"field":{"id":"statusStartTime","display":"Status updated"},"from":%q,"to":%q}`, ref(from), ref(to), since.Format(trackerTime), at.Format(trackerTime))
	}
	i.events = append(i.events, fakeEvent{id, json.RawMessage(fmt.Sprintf(`{"id":%q,"self":"https://x/v3/issues/%[2]s/changelog/%[1]s",
"issue":{"id":%[3]q,"key":%[2]q,"display":"Issue"},"updatedAt":%[4]q,"updatedBy":{"self":"https://x/v3/users/8001","id":"8001","display":"Alice Anderson"},
"type":%[5]q,"transport":"front","fields":[%[6]s]}`, id, i.key, i.id, at.Format(trackerTime), kind, fields))})
	i.updated = at
}

// touch gives an issue a change of status at a time.
func (f *fake) touch(n int, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.issues[n]
	created := testStart.Add(time.Duration(n) * time.Hour)
	i.addEvent("IssueWorkflow", at, "open", "closed", created)
	i.set(created, "closed", at)
}
