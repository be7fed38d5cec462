package simulator

// linkType is how two issues belong together.
type linkType struct {
	id, inward, outward string
}

const linkDuplicates = 2

var linkTypes = []linkType{
	{"relates", "relates", "relates"},
	{"depends", "Is blocked by", "Blocks"},
	{"duplicates", "Is duplicated by", "Duplicates"},
}
