package delivery

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSeenBefore: a group that turns out to have been seen earlier is new from then,
// whichever telling comes first.
func TestSeenBefore(t *testing.T) {
	half := ErrorGroup{ID: "1", Status: GroupUnresolved, FirstSeen: 500, ToldAt: 1000}
	whole := ErrorGroup{ID: "1", Status: GroupResolved, FirstSeen: 200, ToldAt: 2000}
	want := []GroupState{{Status: GroupUnresolved, At: 200}, {Status: GroupResolved, At: 2000}}
	got := MergeErrorGroup(MergeErrorGroup(ErrorGroup{}, half), whole)
	if diff := cmp.Diff(want, got.States); diff != "" || got.FirstSeen != 200 {
		t.Error(diff)
	}
	again := MergeErrorGroup(got, half)
	if diff := cmp.Diff(want, again.States); diff != "" || again.FirstSeen != 200 {
		t.Error(diff)
	}
}

// TestRepeatedIncident: what is told each time that it happens began with the first
// time, until it was resolved.
func TestRepeatedIncident(t *testing.T) {
	alert := func(at Instant) Incident {
		return Incident{ID: "1", StartedAt: at, UpdatedAt: at, ToldAt: at, Repeated: true}
	}
	resolved := Incident{ID: "1", ResolvedAt: 300, UpdatedAt: 300, ToldAt: 300, Repeated: true}
	for name, c := range map[string]struct {
		told []Incident
		want Incident
	}{
		"in turn":              {[]Incident{alert(100), alert(200)}, Incident{ID: "1", StartedAt: 100, UpdatedAt: 200, ToldAt: 200}},
		"the first comes late": {[]Incident{alert(200), alert(100)}, Incident{ID: "1", StartedAt: 100, UpdatedAt: 200, ToldAt: 200}},
		"resolved":             {[]Incident{alert(100), alert(200), resolved}, Incident{ID: "1", StartedAt: 100, ResolvedAt: 300, UpdatedAt: 300, ToldAt: 300}},
		"the end comes first":  {[]Incident{resolved, alert(200), alert(100)}, Incident{ID: "1", StartedAt: 100, ResolvedAt: 300, UpdatedAt: 300, ToldAt: 300}},
		"again":                {[]Incident{alert(100), resolved, alert(400)}, Incident{ID: "1", StartedAt: 400, UpdatedAt: 400, ToldAt: 400}},
		"it was none":          {[]Incident{resolved}, Incident{ID: "1", ResolvedAt: 300, UpdatedAt: 300, ToldAt: 300, Gone: true}},
		"it was none twice":    {[]Incident{resolved, {ID: "1", ResolvedAt: 400, UpdatedAt: 400, ToldAt: 400, Repeated: true}}, Incident{ID: "1", ResolvedAt: 400, UpdatedAt: 400, ToldAt: 400, Gone: true}},
		"none, and then one":   {[]Incident{resolved, alert(400)}, Incident{ID: "1", StartedAt: 400, UpdatedAt: 400, ToldAt: 400}},
	} {
		var stored Incident
		for _, said := range c.told {
			stored = MergeIncident(stored, said)
		}
		stored.DetectedAt = 0
		if diff := cmp.Diff(c.want, stored); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
