package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// yamlReader reads values off a YAML tree and collects what is wrong with them,
// each with its line.
type yamlReader struct {
	vars     *variables
	problems []ProvisionProblem
	anchors  map[string]ast.Node
	read     int // nodes read, through aliases too
}

// yamlNode is a value under the key name. The zero yamlNode is one that is not
// there.
type yamlNode struct {
	name string
	line int // of the key, or of the item of a list
	node ast.Node
}

// Bounds of a file that a person could have written.
const (
	maxYAMLDepth = 32
	maxYAMLNodes = 100_000
)

func (r *yamlReader) fail(line int, format string, args ...any) {
	r.problems = append(r.problems, ProvisionProblem{line, r.vars.hidden(fmt.Sprintf(format, args...))})
}

// parse is the tree of data, nil when it is empty or not YAML.
func (r *yamlReader) parse(data []byte) *yamlNode {
	text, line, err := r.vars.marked(data)
	if err != nil {
		r.fail(line, "%s", err.Error())
		return nil
	}
	tokens := lexer.Tokenize(text)
	if line, problem := unsupported(tokens); problem != "" {
		r.fail(line, "%s", problem)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // duplicates are reported below
	if err != nil {
		r.syntaxError(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fail(lineOf(doc.Body), "a second document; one is read only")
			return nil
		}
		root = doc.Body
	}
	if root == nil {
		return nil
	}
	r.anchors = map[string]ast.Node{}
	ast.Walk(anchorFinder(r.anchors), root)
	n := &yamlNode{line: lineOf(root), node: r.resolve(root)}
	if n.null() {
		return nil
	}
	return n
}

// syntaxError reports what the parser says, without the lines that it quotes.
func (r *yamlReader) syntaxError(err error) {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		r.fail(e.GetToken().Position.Line, "not valid YAML: %s", e.GetMessage())
		return
	}
	r.fail(0, "not valid YAML")
}

// unsupported finds what a file of settings has no use for, and what would take
// the parser too deep.
func unsupported(tokens token.Tokens) (line int, problem string) {
	depth, dashes, dashLine := 0, 0, 0
	for _, t := range tokens {
		line := t.Position.Line
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if line != dashLine {
				dashes, dashLine = 0, line
			}
			dashes++
		case token.TagType:
			return line, "a value that begins with an exclamation mark must be in quotes"
		case token.MappingKeyType:
			return line, "keys after a question mark are not supported"
		case token.DirectiveType:
			return line, "directives are not supported"
		}
		if depth > maxYAMLDepth || dashes > maxYAMLDepth {
			return line, "nested too deeply"
		}
	}
	return 0, ""
}

type anchorFinder map[string]ast.Node

func (a anchorFinder) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok && anchor.Name != nil {
		a[anchor.Name.GetToken().Value] = anchor.Value
	}
	return a
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

// resolve follows anchors and aliases; it is nil when there is no end to them.
func (r *yamlReader) resolve(n ast.Node) ast.Node {
	for range maxYAMLDepth {
		r.read++
		if r.read > maxYAMLNodes {
			if r.read == maxYAMLNodes+1 {
				r.fail(lineOf(n), "too many values, or aliases of aliases")
			}
			return nil
		}
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.AliasNode:
			target, ok := r.anchors[v.Value.GetToken().Value]
			if !ok {
				r.fail(lineOf(n), "no anchor of this name")
				return nil
			}
			n = target
		default:
			return n
		}
	}
	r.fail(lineOf(n), "an alias of itself")
	return nil
}

// null reports whether there is no value.
func (n yamlNode) null() bool {
	if n.node == nil {
		return true
	}
	_, null := n.node.(*ast.NullNode)
	return null
}

// raw is a scalar's text before variables are replaced.
func (n yamlNode) raw() string {
	switch v := n.node.(type) {
	case *ast.StringNode:
		return v.Value
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value
	}
	return ""
}

// quoted is the key for a message, after a space. A key that could be a secret
// in the wrong place is left out.
func (n yamlNode) quoted() string {
	plain := strings.Trim(strings.ToLower(n.name), "abcdefghijklmnopqrstuvwxyz_-") == ""
	if len(n.name) > 40 || n.null() && !plain {
		return ""
	}
	return " " + strconv.Quote(n.name)
}

// lineIn finds the line of a key in the mapping n.
func (n yamlNode) lineIn(m map[string]yamlNode) func(key string) int {
	return func(key string) int {
		if found, ok := m[key]; ok && found.line != 0 {
			return found.line
		}
		return n.line
	}
}

// echo is a scalar as it may be quoted in a message: a variable by its name.
func (r *yamlReader) echo(n yamlNode) string { return strconv.Quote(cut(r.vars.named(n.raw()), 60)) }

// text is a scalar as text, "" when there is none.
func (r *yamlReader) text(n yamlNode) string {
	switch n.node.(type) {
	case nil, *ast.NullNode:
		return ""
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		r.fail(n.line, "%s: must be a text", n.name)
		return ""
	}
	text, problems := r.vars.replaced(n.raw())
	for _, p := range problems {
		r.fail(n.line, "%s: %s", n.name, p)
	}
	if len(problems) > 0 {
		return ""
	}
	return strings.TrimSpace(text)
}

// list is the items of a list, none when there is no list.
func (r *yamlReader) list(n yamlNode) []yamlNode {
	if n.null() {
		return nil
	}
	seq, ok := n.node.(*ast.SequenceNode)
	if !ok {
		r.fail(n.line, "%s: must be a list", n.name)
		return nil
	}
	var out []yamlNode
	for _, v := range seq.Values {
		line := lineOf(v)
		if v = r.resolve(v); v != nil {
			out = append(out, yamlNode{n.name, firstLine(v, line), v})
		}
	}
	return out
}

// firstLine is the line on which a node begins: of a mapping that is the one of
// its first key, where the parser says the one of its first colon.
func firstLine(n ast.Node, line int) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		return lineOf(m.Values[0].Key)
	}
	return line
}

// texts is a list of texts: nil when there is none, empty when it is empty.
func (r *yamlReader) texts(n yamlNode) []string {
	if n.null() {
		return nil
	}
	out := []string{}
	for _, item := range r.list(n) {
		if text := r.text(item); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// mapping is the values of a mapping by key; other keys than those known are
// reported.
func (r *yamlReader) mapping(n yamlNode, what string, known ...string) map[string]yamlNode {
	out := map[string]yamlNode{}
	for _, e := range r.entries(n, what) {
		if !slices.Contains(known, e.name) {
			r.fail(e.line, "unknown key%s; %s has %s", e.quoted(), what, strings.Join(known, ", "))
			continue
		}
		out[e.name] = e
	}
	return out
}

// entries are the values of a mapping in order, none when there is no mapping.
func (r *yamlReader) entries(n yamlNode, what string) []yamlNode {
	if n.null() {
		return nil
	}
	m, ok := n.node.(ast.MapNode)
	if !ok {
		r.fail(n.line, "%s: must be a mapping of keys to values", what)
		return nil
	}
	var out, merged []yamlNode
	for it := m.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			if from := (yamlNode{n.name, lineOf(it.Key()), r.resolve(it.Value())}); from.node != nil {
				merged = append(merged, r.entries(from, "what is merged in")...)
			}
			continue
		}
		key := r.key(it.Key())
		same := func(e yamlNode) bool { return e.name == key.name }
		if slices.ContainsFunc(out, same) {
			r.fail(key.line, "the key %q is given twice", cut(key.name, 40))
			continue
		}
		key.node = r.resolve(it.Value())
		if key.node != nil {
			out = append(out, key)
		}
	}
	for _, e := range merged {
		if !slices.ContainsFunc(out, func(o yamlNode) bool { return o.name == e.name }) {
			out = append(out, e)
		}
	}
	return out
}

func (r *yamlReader) key(n ast.MapKeyNode) yamlNode {
	key := yamlNode{name: n.GetToken().Value, line: lineOf(n)}
	if node, ok := n.(ast.Node); ok {
		if text := (yamlNode{node: node}).raw(); text != "" {
			key.name = text
		}
	}
	if r.vars.used(key.name) {
		r.fail(key.line, "a key cannot hold a variable")
		key.name = r.vars.named(key.name)
	}
	return key
}

// value is any value in the types that JSON has.
func (r *yamlReader) value(n yamlNode) any {
	switch v := n.node.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return v.Value
	case *ast.IntegerNode, *ast.FloatNode:
		if number := json.Number(n.raw()); json.Valid([]byte(number)) {
			return number
		}
		return n.raw()
	case *ast.SequenceNode:
		out := []any{}
		for _, item := range r.list(n) {
			out = append(out, r.value(item))
		}
		return out
	case ast.MapNode:
		out := map[string]any{}
		for _, e := range r.entries(n, n.name) {
			out[e.name] = r.value(e)
		}
		return out
	}
	return r.text(n)
}
