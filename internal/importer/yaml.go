package importer

import (
	"errors"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// yamlValue is a value with its line: a text, a list, a mapping, or nothing.
type yamlValue struct {
	line    int
	scalar  bool
	text    string
	items   []*yamlValue
	entries []yamlEntry
}

// yamlEntry is a key of a mapping with its value.
type yamlEntry struct {
	key   string
	line  int
	value *yamlValue
}

func (v *yamlValue) null() bool { return v == nil || !v.scalar && v.items == nil && v.entries == nil }

// maxYAMLDepth bounds nesting, far above what a person writes.
const maxYAMLDepth = 32

// parseYAML reads a file of settings. Texts of the file are in no problem: they may be
// secrets.
func parseYAML(data []byte) (*yamlValue, []Problem) {
	tokens := lexer.Tokenize(string(data))
	if line := tooDeep(tokens); line > 0 {
		return nil, []Problem{{line, "nested too deeply"}}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var e yaml.Error
		if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
			return nil, []Problem{{e.GetToken().Position.Line, "not valid YAML: " + e.GetMessage()}}
		}
		return nil, []Problem{{0, "not valid YAML"}}
	}
	r := yamlReader{}
	var root *yamlValue
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fail(doc.Body, "a second document; one is read only")
			break
		}
		root = r.value(doc.Body, 0)
	}
	if root == nil {
		root = &yamlValue{}
	}
	return root, r.problems
}

// tooDeep is the line from which a file nests deeper than is read, 0 when it does not.
func tooDeep(tokens token.Tokens) int {
	depth, dashes, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if t.Position.Line != line {
				dashes, line = 0, t.Position.Line
			}
			dashes++
		}
		if depth > maxYAMLDepth || dashes > maxYAMLDepth {
			return t.Position.Line
		}
	}
	return 0
}

type yamlReader struct{ problems []Problem }

func (r *yamlReader) fail(n ast.Node, message string) {
	r.problems = append(r.problems, Problem{nodeLine(n), message})
}

func nodeLine(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func (r *yamlReader) value(n ast.Node, depth int) *yamlValue {
	v := &yamlValue{line: nodeLine(n)}
	if depth > maxYAMLDepth {
		r.fail(n, "nested too deeply")
		return v
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
	case *ast.SequenceNode:
		v.items = []*yamlValue{}
		for _, item := range n.Values {
			v.items = append(v.items, r.value(item, depth+1))
		}
	case ast.MapNode:
		r.mapping(n, v, depth)
	case *ast.StringNode:
		v.scalar, v.text = true, n.Value
	case *ast.LiteralNode:
		v.scalar, v.text = true, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		v.scalar, v.text = true, n.GetToken().Value
	default:
		r.fail(n, "aliases, anchors and tags are not read: write the value out")
	}
	return v
}

func (r *yamlReader) mapping(n ast.MapNode, v *yamlValue, depth int) {
	v.entries = []yamlEntry{}
	for it := n.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			r.problems = append(r.problems, Problem{it.Key().GetToken().Position.Line, "aliases, anchors and tags are not read: write the value out"})
			continue
		}
		t := it.Key().GetToken()
		e := yamlEntry{key: t.Value, line: t.Position.Line}
		for _, had := range v.entries {
			if had.key == e.key {
				r.problems = append(r.problems, Problem{e.line, "a key that is given on line " + strconv.Itoa(had.line) + " already"})
			}
		}
		e.value = r.value(it.Value(), depth+1)
		if len(v.entries) == 0 && v.line > e.line {
			v.line = e.line // the parser says the line of the first colon
		}
		v.entries = append(v.entries, e)
	}
}
