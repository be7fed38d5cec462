package views

// Trial is the page on which other definitions are tried before anybody saves them.
type Trial struct {
	Page
	Filter    FlowFilter // with problems there is nothing else
	Intro     string
	Back      string // path of the page it leads back to, with the filter
	BackLabel string
	Empty     *Empty // instead of a trial, while there is nothing to try it on
	Form      TrialForm
	Result    TrialResult
}

// TrialForm is what is tried. Values and Errors are by the names of fields.
type TrialForm struct {
	Form
	Path string   // of the page; what it comes to is at Path + "/preview"
	Keep []Option // parameters of the filter: name in Label
	// Flow and Dora say which of the parts there are.
	Flow *FlowTrial
	Dora *DoraTrial
}

// FlowTrial is what of flow can be tried.
type FlowTrial struct {
	Scopes      []Option // whose statuses; one: nothing to choose
	Scope       string
	Statuses    []StatusChoice // with the class that is tried
	Classes     []Option
	Hours       string // whose hours they are, in words
	HoursNow    string // in short
	HoursTried  bool
	Elapsed     string // the same by working time, while the page counts elapsed time
	Days        []DayChoice
	Countries   []Option
	Resolutions []TrialChoice
	Types       []TrialChoice
	OutTried    bool
}

// TrialChoice is a value that can be left out.
type TrialChoice struct {
	Key, Name string
	Count     int
	On        bool
}

// DoraTrial is what of deployments can be tried.
type DoraTrial struct {
	Scopes       []Option // whose names of production; one: nothing to choose
	Environments []TrialEnvironment
}

// TrialEnvironment is an environment found in the data.
type TrialEnvironment struct {
	Name        string
	Deployments int
	Production  bool // by what is tried
}

// TrialResult is what a trial comes to beside what is so today.
type TrialResult struct {
	Errors   map[string]string // by field: nothing is computed
	Labels   map[string]string // of the fields
	Fields   []string          // all that may be wrong, in the order of the form
	Said     string            // what it comes to in a sentence, for voices
	Tried    []TrialChange     // what differs from what is saved
	Caption  string            // of the figures
	Rows     []TrialRow
	Notes    []string // under the figures
	Counts   []string // of items whose class flips, by what becomes of them
	Flips    []TrialFlip
	Of       string // what the items are: issues, deployments
	More     int    // items beside those listed
	TypesURL string // the page without the types that are left out
	Save     TrialSave
	Discard  string // path
}

// TrialChange is a definition that is tried, in words.
type TrialChange struct{ Label, Before, After string }

// TrialRow is a figure today, as it would be, and by how much they differ, "" when they
// do not.
type TrialRow struct{ Label, Before, After, Difference, Share string }

// TrialFlip is an item whose class flips.
type TrialFlip struct{ Path, Key, Title, Note, Before, After string }

// TrialSave is how a trial becomes what holds: by a form, or who else may.
type TrialSave struct {
	Path   string   // of the form
	Label  string   // of its button; "": the reader may not
	Help   string   // what saving does
	Why    []string // not
	Hidden []Option // name in Label
}

// tried reports whether anything differs from what is saved.
func (r TrialResult) tried() bool { return len(r.Tried) > 0 }

// failed are the fields with errors in the order of the form.
func (r TrialResult) failed() []string {
	return Form{Errors: r.Errors, Order: r.Fields}.failed()
}

// errorID is the place of what is wrong with a field.
func errorID(name string) string { return fieldID(name) + "-error" }
