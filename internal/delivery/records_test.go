package delivery_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestRecordsPage(t *testing.T) {
	marks := []delivery.RecordMark{
		{ID: 1, Key: "DEV-10", ClosedAt: 300, Seconds: 5},
		{ID: 2, Key: "DEV-9", ClosedAt: 100, Seconds: 7},
		{ID: 3, Key: "ABC-100", ClosedAt: 0, Seconds: 5},
		{ID: 4, Key: "DEV-11", ClosedAt: 200, Seconds: 1},
		{ID: 5, Key: "DEV-2", ClosedAt: 200, Seconds: 1},
	}
	for _, c := range []struct {
		sort          string
		offset, limit int
		want          []int64
	}{
		{"", 0, 0, []int64{2, 1, 3, 4, 5}},
		{delivery.LongestFirst, 1, 3, []int64{1, 3, 4}},
		{delivery.ShortestFirst, 0, 0, []int64{4, 5, 1, 3, 2}},
		{delivery.NewestFirst, 0, 0, []int64{1, 4, 5, 2, 3}},
		{delivery.OldestFirst, 0, 0, []int64{2, 4, 5, 1, 3}},
		{delivery.ByKey, 0, 0, []int64{3, 5, 2, 1, 4}},
		{delivery.ByKey, 4, 10, []int64{4}},
		{"", 5, 10, []int64{}},
		{"", 900, 0, []int64{}},
	} {
		q := delivery.RecordsQuery{Sort: c.sort, Offset: c.offset, Limit: c.limit}
		got := []int64{}
		for _, m := range q.Page(slices.Clone(marks)) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("sort %q, offset %d, limit %d (-want +got)\n%s", c.sort, c.offset, c.limit, diff)
		}
	}
	counted, left := delivery.RecordMark{Seconds: 7}, delivery.RecordMark{Reason: delivery.NeverActive}
	if v := counted.Value(); v == nil || *v != 7 || left.Value() != nil {
		t.Errorf("values: %v, %v", v, left.Value())
	}
}

// A page is the same however many marks it is cut out of at once.
func TestRecordsPages(t *testing.T) {
	var marks []delivery.RecordMark
	for n := range 1000 {
		marks = append(marks, delivery.RecordMark{ID: int64(n + 1), Seconds: int64(n * 7919 % 500)})
	}
	all := (&delivery.RecordsQuery{}).Page(slices.Clone(marks))
	for _, limit := range []int{1, 100, 300} {
		for offset := 0; offset < len(marks); offset += limit {
			q := delivery.RecordsQuery{Offset: offset, Limit: limit}
			want := all[offset:min(offset+limit, len(all))]
			if diff := cmp.Diff(want, q.Page(slices.Clone(marks))); diff != "" {
				t.Fatalf("offset %d, limit %d (-want +got)\n%s", offset, limit, diff)
			}
		}
	}
}

func TestRecordsValidate(t *testing.T) {
	for _, c := range []struct {
		q     delivery.RecordsQuery
		param string
	}{
		{delivery.RecordsQuery{Panel: "cycle-time"}, ""},
		{delivery.RecordsQuery{Panel: "cycle-time-trend", Sort: "key", Excluded: "any", Offset: 3, Limit: 5}, ""},
		{delivery.RecordsQuery{Panel: "time-in-status", Status: "open", Sort: "-closed"}, ""},
		{delivery.RecordsQuery{}, "panel"},
		{delivery.RecordsQuery{Panel: "aging"}, ""},
		{delivery.RecordsQuery{Panel: "aging", Status: "open", Excluded: "not_started"}, ""},
		{delivery.RecordsQuery{Panel: "throughput"}, ""},
		{delivery.RecordsQuery{Panel: "throughput", Status: "open"}, "status"},
		{delivery.RecordsQuery{Panel: "cumulative-flow"}, "status"},
		{delivery.RecordsQuery{Panel: "blocked-time", Status: "open"}, ""},
		{delivery.RecordsQuery{Panel: "flow-efficiency", Excluded: "no_time"}, ""},
		{delivery.RecordsQuery{Panel: "pipeline-count"}, "panel"},
		{delivery.RecordsQuery{Panel: "time-in-status"}, "status"},
		{delivery.RecordsQuery{Panel: "cycle-time", Status: "open"}, "status"},
		{delivery.RecordsQuery{Panel: "cycle-time", Excluded: "bored"}, "excluded"},
		{delivery.RecordsQuery{Panel: "cycle-time", Sort: "title"}, "sort"},
		{delivery.RecordsQuery{Panel: "cycle-time", Offset: -1}, "limit"},
	} {
		err := c.q.Validate()
		var wrong *delivery.FilterError
		if c.param == "" && err != nil || c.param != "" && (!errors.As(err, &wrong) || wrong.Param != c.param) {
			t.Errorf("%+v: %v, want %q", c.q, err, c.param)
		}
	}
}

func TestCompareKeys(t *testing.T) {
	keys := []string{"DEV-10", "DEV", "B-3", "DEV-9", "DEV-x", "dev-1", "DEV-99999999999999999999", "A-1-2", "A-1-10"}
	slices.SortFunc(keys, delivery.CompareKeys)
	want := []string{"A-1-2", "A-1-10", "B-3", "DEV", "DEV-9", "DEV-10", "DEV-99999999999999999999", "DEV-x", "dev-1"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
