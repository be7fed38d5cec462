package ci

import (
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Pushes are the bodies that are read here, by what the inbox calls them.
func Pushes() map[string]source.Push {
	return map[string]source.Push{"save_metrics": saveMetrics, "runs": runs, "deployments": deployments, "incidents": incidents}
}

// saveMetrics is of one run, which is told once: whoever tells it again is told
// that it is there.
func saveMetrics(body []byte) (source.Pushed, error) {
	run, err := ParseSaveMetrics(body)
	if err != nil {
		return source.Pushed{}, err
	}
	return source.Pushed{Items: []source.PushedItem{pushedItem(run)}, Key: NaturalKey(run)}, nil
}

// runs may be told again and again, as they go on: which of two is the later one is
// for the store to say.
func runs(body []byte) (source.Pushed, error) {
	items, listed, err := ParseRuns(body)
	if err != nil {
		return source.Pushed{}, err
	}
	out := source.Pushed{Listed: listed, Items: make([]source.PushedItem, len(items))}
	for i, item := range items {
		if item.Err != nil {
			out.Items[i] = source.PushedItem{ID: item.Run.ID, Err: item.Err}
			continue
		}
		out.Items[i] = pushedItem(item.Run)
		out.Items[i].Connection, out.Items[i].Path = item.Run.Connection, "$"
		if listed {
			out.Items[i].Path = fmt.Sprintf("$[%d]", i)
		}
	}
	return out, nil
}

func pushedItem(run delivery.Run) source.PushedItem {
	return source.PushedItem{
		ID: run.ID, Told: func(b *delivery.Batch) any { return EncodeRun(b.Runs[0]) },
		Add: func(b *delivery.Batch) {
			run := run
			run.Connection = b.Connection
			b.Runs = append(b.Runs, run)
		},
	}
}
