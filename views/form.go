package views

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Form is what was typed into a form and what is wrong with it, by field name.
type Form struct {
	Values map[string]string
	Errors map[string]string // in words that say what to do
	Error  string            // of the whole form
	Order  []string          // of the fields on the page
}

// Value is what was typed into a field, or is saved.
func (f Form) Value(name string) string { return f.Values[name] }

// Checked reports whether a checkbox is ticked.
func (f Form) Checked(name string) bool { return f.Values[name] == "on" }

// inOrder is the form with its fields in the order of the page.
func (f Form) inOrder(names ...string) Form {
	f.Order = names
	return f
}

// failed are the fields with errors as they follow on the page; those that the
// page does not name come last, by name.
func (f Form) failed() []string {
	place := func(name string) int {
		if i := slices.Index(f.Order, name); i >= 0 {
			return i
		}
		return len(f.Order)
	}
	return slices.SortedFunc(maps.Keys(f.Errors), func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
}

// Input is one field of a form.
type Input struct {
	Name         string
	Label        string
	Help         string
	Type         string // of the input; text unless said
	Placeholder  string
	Autocomplete string
	List         string // id of a datalist
	Rows         int    // of a text area; 0 for a line
	Required     bool
	Disabled     bool
	Wide         bool
	Mono         bool
	Focus        bool
	Max          int // characters; 0: any number
}

// Option is a choice of a select or a group of radio buttons.
type Option struct{ Value, Label string }

func (i Input) id() string { return fieldID(i.Name) }

func fieldID(name string) string { return "f-" + name }

// describedBy names the elements that explain a field to a screen reader.
func describedBy(f Form, i Input) string {
	var ids []string
	if f.Errors[i.Name] != "" {
		ids = append(ids, i.id()+"-error")
	}
	if i.Help != "" {
		ids = append(ids, i.id()+"-help")
	}
	return strings.Join(ids, " ")
}

func invalid(f Form, name string) string {
	if f.Errors[name] != "" {
		return "true"
	}
	return "false"
}

func (i Input) kind() string {
	if i.Type == "" {
		return "text"
	}
	return i.Type
}

// failedLabel is how the summary of errors names a field.
func failedLabel(labels map[string]string, name string) string {
	return cmp.Or(labels[name], name)
}
