package control

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"throughline/internal/delivery"
)

// normalVersions are versions by day, each normal and checked, without those
// that change nothing. The first has no day.
func normalVersions(in []WorkflowVersion) ([]WorkflowVersion, error) {
	if len(in) > maxVersions {
		return nil, &FieldError{"from", "length", fmt.Sprintf("more than %d versions", maxVersions)}
	}
	var errs []error
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b WorkflowVersion) int { return compareDates(a.From, b.From) })
	for i := range out {
		var err error
		out[i].Workflow, err = normalWorkflow(out[i].Workflow)
		errs = append(errs, err, checkFrom(out[i].From))
	}
	if len(out) > 0 {
		out[0].From = delivery.Date{}
	}
	return collapsed(out), errors.Join(errs...)
}

// checkFrom refuses the first day of a version that no calendar has.
func checkFrom(d delivery.Date) error {
	if !d.IsZero() && (d.Year < firstCalendarYear || d.Year > lastCalendarYear) {
		return &FieldError{"from", "range", fmt.Sprintf("%s is not between %d and %d", d, firstCalendarYear, lastCalendarYear)}
	}
	return nil
}

// collapsed leaves out versions that are as the one before.
func collapsed(versions []WorkflowVersion) []WorkflowVersion {
	return slices.CompactFunc(versions, func(a, b WorkflowVersion) bool { return sameWorkflow(a.Workflow, b.Workflow) })
}

// sameWorkflow compares normal workflows; the order in a list says nothing.
func sameWorkflow(a, b delivery.Workflow) bool {
	return sameLists(a.StatusLists, b.StatusLists) && sameKeys(a.ExcludedResolutions, b.ExcludedResolutions) &&
		maps.EqualFunc(a.Queues, b.Queues, sameLists) && maps.EqualFunc(a.Teams, b.Teams, sameLists)
}

func sameLists(a, b delivery.StatusLists) bool {
	return sameKeys(a.Waiting, b.Waiting) && sameKeys(a.Active, b.Active) && sameKeys(a.Closed, b.Closed)
}

// sameKeys tells an empty list from none.
func sameKeys(a, b []string) bool {
	if (a == nil) != (b == nil) || len(a) != len(b) {
		return false
	}
	return reflect.DeepEqual(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// WorkflowAt is the index of the version in force on a day, -1 of none.
func WorkflowAt(versions []WorkflowVersion, day delivery.Date) int {
	at := -1
	for i, v := range versions {
		if i == 0 || !day.Before(v.From) {
			at = i
		}
	}
	return at
}

// CheckVersions refuses versions of the workflow that could not be saved, as a
// *FieldError.
func CheckVersions(versions []WorkflowVersion) error {
	_, err := normalVersions(versions)
	return err
}

// ChangeFrom applies change from a day on: to a version that begins then, made
// of the one in force when there is none, and to all after it up to the one
// that began on last. The zero day is the beginning of time.
func ChangeFrom(versions []WorkflowVersion, from, last delivery.Date, change func(*delivery.Workflow)) []WorkflowVersion {
	if len(versions) == 0 && !from.IsZero() {
		versions = []WorkflowVersion{{}} // until then status types decide
	}
	return changeFrom(versions, from, last, func(v *WorkflowVersion) *delivery.Date { return &v.From }, func(v *WorkflowVersion) {
		// Maps are shared between versions and with the caller.
		v.Queues, v.Teams = maps.Clone(v.Queues), maps.Clone(v.Teams)
		change(&v.Workflow)
	})
}

// changeFrom is ChangeFrom for whatever has versions, which begin on a day.
func changeFrom[V any](versions []V, from, last delivery.Date, day func(*V) *delivery.Date, change func(*V)) []V {
	out := slices.Clone(versions)
	i := slices.IndexFunc(out, func(v V) bool { return *day(&v) == from })
	if i < 0 {
		var version V
		for k := range out {
			if k == 0 || !from.Before(*day(&out[k])) {
				i, version = k, out[k]
			}
		}
		i++
		*day(&version) = from
		out = slices.Insert(out, i, version)
	}
	for ; i < len(out); i++ {
		if begins := *day(&out[i]); begins != from && last.Before(begins) {
			break
		}
		change(&out[i])
	}
	return out
}

// DeleteVersion leaves out the version that began on a day; the one before
// holds in its place, or of the first the one after. The last one stays.
func DeleteVersion(versions []WorkflowVersion, from delivery.Date) ([]WorkflowVersion, error) {
	i := slices.IndexFunc(versions, func(v WorkflowVersion) bool { return v.From == from })
	switch {
	case i < 0:
		return nil, ErrNotFound
	case len(versions) == 1:
		return nil, ErrLastVersion
	}
	out := slices.Delete(slices.Clone(versions), i, i+1)
	out[0].From = delivery.Date{}
	return out, nil
}

// Touched says whom a change of versions concerns: the teams whose own lists
// it changes on some day, and whether anything else changes.
func Touched(before, after []WorkflowVersion) (teams []string, others bool) {
	days := map[delivery.Date]bool{{}: true}
	for _, v := range slices.Concat(before, after) {
		days[v.From] = true
	}
	found := map[string]bool{}
	for day := range days {
		a, b := workflowOn(before, day), workflowOn(after, day)
		for name := range maps.Keys(joined(a.Teams, b.Teams)) {
			x, inA := a.Teams[name]
			y, inB := b.Teams[name]
			if inA != inB || !sameLists(x, y) {
				found[name] = true
			}
		}
		a.Teams, b.Teams = nil, nil
		others = others || !sameWorkflow(a, b)
	}
	return slices.Sorted(maps.Keys(found)), others
}

func joined(a, b map[string]delivery.StatusLists) map[string]delivery.StatusLists {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]delivery.StatusLists{}
	}
	maps.Copy(out, b)
	return out
}

func workflowOn(versions []WorkflowVersion, day delivery.Date) delivery.Workflow {
	if i := WorkflowAt(versions, day); i >= 0 {
		return versions[i].Workflow
	}
	return delivery.Workflow{}
}
