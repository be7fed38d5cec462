package web

import (
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Statuses stand as work goes, those of no known type by their class.
func TestStatusesStandAsWorkGoes(t *testing.T) {
	found := []delivery.StatusInUse{
		{Queue: "A", Status: delivery.Status{Key: "done", Name: "Done"}},
		{Queue: "A", Status: delivery.Status{Key: "coding", Name: "Coding"}},
		{Queue: "A", Status: delivery.Status{Key: "closed", Name: "Closed", Type: "done"}},
		{Queue: "A", Status: delivery.Status{Key: "work", Name: "Work", Type: "inProgress"}},
		{Queue: "A", Status: delivery.Status{Key: "open", Name: "Open", Type: "new"}},
	}
	w := delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{"coding"}, Closed: []string{"done"}}}
	got := ""
	for _, c := range statusChoices(i18n.For("en"), found, &w, delivery.Teams{}, workflowScope{}) {
		got += c.Name + " "
	}
	if got != "Open Work Coding Closed Done " {
		t.Errorf("they stand %s", got)
	}
}
