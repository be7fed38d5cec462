package delivery

// Level is a benchmark's word for a value.
type Level string

// Levels, the best first.
const (
	Elite  Level = "elite"
	High   Level = "high"
	Medium Level = "medium"
	Low    Level = "low"
)

const (
	hour  = 3600.0
	day   = 24 * hour
	week  = 7 * day
	month = 365.25 / 12 * day
)

// bound is the value up to which, or below which, a level goes.
type bound struct {
	level Level
	limit float64
	below bool // the limit itself is not in it
}

// ladders are the levels of the benchmark sets, as METRICS gives them; what is
// beyond the last bound is low. Deployment frequency is of the time between two
// deployments: more than one a day is on demand.
var ladders = map[Benchmark]map[string][]bound{
	Benchmark2021: {
		"deployment-frequency": {{Elite, day, true}, {High, month, false}, {Medium, 6 * month, false}},
		"change-lead-time":     {{Elite, hour, true}, {High, week, true}, {Medium, 6 * month, false}},
		"change-fail-rate":     {{Elite, 0.15, false}, {High, 0.30, false}},
		"recovery-time":        {{Elite, hour, true}, {High, day, true}, {Medium, week, false}},
	},
	Benchmark2023: {
		"deployment-frequency": {{Elite, day, true}, {High, week, false}, {Medium, month, false}},
		"change-lead-time":     {{Elite, day, true}, {High, week, false}, {Medium, month, false}},
		"change-fail-rate":     {{Elite, 0.05, false}, {High, 0.10, false}, {Medium, 0.15, false}},
		"recovery-time":        {{Elite, hour, true}, {High, day, true}, {Medium, week, false}},
	},
	Benchmark2024: {
		"deployment-frequency": {{Elite, day, true}, {High, week, false}, {Medium, month, false}},
		"change-lead-time":     {{Elite, day, true}, {High, week, false}, {Medium, month, false}},
		"change-fail-rate":     {{Elite, 0.05, false}, {High, 0.20, false}},
		"recovery-time":        {{Elite, hour, true}, {High, day, true}},
	},
}

// levelNotes are remarks on what a report says oddly.
var levelNotes = map[Benchmark]map[string]string{
	Benchmark2021: {"change-fail-rate": "fail_2021"},
	Benchmark2024: {"change-fail-rate": "fail_2024", "recovery-time": "recovery_2024"},
}

// LevelOf names the level of a panel's headline by a benchmark; "" when the set has
// none for it, or there is no value. note is the id of a remark on the set, "" when
// there is none.
func LevelOf(slug string, p PanelData, b Benchmark) (level Level, note string) {
	ladder := ladders[b][slug]
	value := p.Figure(map[string]string{"deployment-frequency": "mean", "change-fail-rate": "rate"}[slug])
	if slug == "change-lead-time" || slug == "recovery-time" {
		value = p.Figure("p50")
	}
	if ladder == nil || value == nil {
		return "", ""
	}
	v := *value
	if slug == "deployment-frequency" {
		if v == 0 {
			return Low, ""
		}
		v = week / v
	}
	level = Low
	for _, step := range ladder {
		if v < step.limit || v == step.limit && !step.below {
			level = step.level
			break
		}
	}
	return level, levelNotes[b][slug]
}
