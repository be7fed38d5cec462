package delivery

import "slices"

// FilterParams are the names of the parameters that narrow a subject, as ParseFilter
// takes them: first those that every subject has.
func FilterParams(of Subject) []string { return slices.Clone(filterParams[of]) }
