package simulator

// operand is a value or a call such as now()-2h.
type operand struct {
	token
	call   bool
	offset string
}

// valued is one value of a condition.
type valued struct {
	sign  string
	from  operand
	to    operand
	isFar bool // from .. to
}

func (p *parser) value() (v valued, err error) {
	for _, s := range []string{"!=", ">=", "<=", "!", ">", "<"} {
		if p.sign(s) {
			v.sign = s
			break
		}
	}
	if v.from, err = p.operand(); err != nil {
		return v, err
	}
	if p.sign("..") {
		v.isFar = true
		v.to, err = p.operand()
	}
	return v, err
}

func (p *parser) operand() (operand, error) {
	t := p.next()
	if t.kind != tokenWord && t.kind != tokenQuoted {
		return operand{}, queryErrorf(t.at, "expected a value, found %q", t.text)
	}
	o := operand{token: t}
	if t.kind == tokenQuoted || !p.sign("(") {
		return o, nil
	}
	o.call = true
	if !p.sign(")") {
		return o, queryErrorf(p.peek().at, "%s(…) with arguments is not supported", t.text)
	}
	if n := p.peek(); n.kind == tokenWord && (n.text[0] == '-' || n.text[0] == '+') {
		o.offset = p.next().text
		if len(o.offset) == 1 {
			o.offset += p.next().text
		}
	}
	return o, nil
}
