// Package importer reads the settings of programs that Throughline takes the
// place of, and says what becomes of each. It stores nothing: it makes a Plan
// and a report, and who carries the plan out prints the report.
package importer
