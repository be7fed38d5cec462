package importer

import (
	"maps"
	"slices"
	"strings"
)

// rest deals with the variables that nothing is made of.
func (p *planner) rest() {
	for _, name := range slices.Sorted(maps.Keys(p.set)) {
		if strings.TrimSpace(p.set[name].Value) == "" {
			p.notNeeded("it is empty, as if not set", name)
		}
	}
	for why, names := range map[string][]string{
		"every request has a time limit of its own":                                          {"TRACKER__TIMEOUT"},
		"what fails is tried again with growing pauses, and never skipped":                   {"TRACKER__MAX_RETRIES"},
		"there is no client library with a log of its own":                                   {"TRACKER__LOGLEVEL"},
		"each sync goes on from where the last one ended":                                    {"TRACKER__SEARCH__RANGE"},
		"pages are as large as Tracker bears":                                                {"TRACKER__SEARCH__PER_PAGE_LIMIT"},
		"rows that are written twice are read once; no OPTIMIZE is run":                      {"CLICKHOUSE__AUTO_DEDUPLICATE"},
		"a write that fails is tried again with growing pauses":                              {"CLICKHOUSE__BACKOFF_BASE_DELAY", "CLICKHOUSE__BACKOFF_EXPO_FACTOR", "CLICKHOUSE__BACKOFF_MAX_TRIES", "CLICKHOUSE__BACKOFF_JITTER"},
		"the page Syncs shows each sync with its progress":                                   {"LOG_ETL_STATS", "LOG_ETL_STATS_EACH_N_ITER"},
		"the formats of Tracker and of the tables are known":                                 {"DATETIME_RESPONSE_FORMAT", "DATETIME_QUERY_FORMAT", "DATETIME_CLICKHOUSE_FORMAT"},
		"which dates the tables cannot have as nothing is known":                             {"NOT_NULLABLE_FIELDS"},
		"tracker-exporter never read it; the name is EXPORTER_CLICKHOUSE__USERNAME":          {"CLICKHOUSE__USER"},
		"tracker-exporter never read it; the name is EXPORTER_CLICKHOUSE__ENABLE_UPLOAD":     {"ENABLE__UPLOAD", "ENABLE_UPLOAD"},
		"tracker-exporter never read it; the names begin with EXPORTER_TRACKER__SEARCH__":    {"TRACKER__QUEUES", "TRACKER__QUERY", "SEARCH__QUEUES", "SEARCH__QUERY"},
		"tracker-exporter never read it; the name is EXPORTER_TRACKER__TIMEZONE":             {"TIMEZONE"},
		"tracker-exporter never read it; the names begin with EXPORTER_MONITORING__METRICS_": {"METRICS__ENABLED", "METRICS_ENABLED"},
	} {
		p.notNeeded(why, names...)
	}
	for _, name := range []string{"TRACKER", "TRACKER__SEARCH", "CLICKHOUSE", "STATE", "MONITORING"} {
		if _, ok := p.set[name]; ok && !p.told[name] {
			p.notTaken(name, "settings as JSON in one variable are not read: write each as a variable, %s%s__…", prefix, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.set)) {
		p.notNeeded("tracker-exporter has no such setting", name)
	}
}
