package delivery_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestRunOvertakes(t *testing.T) {
	run := delivery.Run{Attempt: 2, UpdatedAt: 100}
	for _, c := range []struct {
		attempt   int
		updatedAt delivery.Instant
		want      bool
	}{{1, 900, true}, {2, 99, true}, {2, 100, true}, {2, 0, true}, {2, 101, false}, {3, 0, false}} {
		if got := run.Overtakes(c.attempt, c.updatedAt); got != c.want {
			t.Errorf("attempt %d at %d: %v", c.attempt, c.updatedAt, got)
		}
	}
}

func TestMeasuredParts(t *testing.T) {
	var got []string
	add := func(millis int64, reason string) { got = append(got, fmt.Sprint(millis, reason)) }
	for _, status := range []delivery.RunStatus{
		delivery.RunSuccess, delivery.RunFailed, delivery.RunUnknown, delivery.RunWaiting, delivery.RunRunning, delivery.RunCancelled, delivery.RunSkipped,
	} {
		add((&delivery.Job{Status: status, Duration: 7}).Measured())
		add((&delivery.Run{Status: status}).MeasuredBuild(&delivery.Build{Duration: 7}))
	}
	add((&delivery.Job{Status: delivery.RunFailed, Duration: delivery.NotSaid}).Measured())
	add((&delivery.Run{Status: delivery.RunFailed}).MeasuredBuild(&delivery.Build{Duration: delivery.NotSaid}))
	want := []string{
		"7", "7", "7", "7", "0not_said", "7", "0unfinished", "0unfinished", "0unfinished", "0unfinished",
		"0cancelled", "0cancelled", "0cancelled", "0cancelled", "0not_said", "0not_said",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("job, build by status (-want +got)\n%s", diff)
	}
}
