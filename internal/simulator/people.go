package simulator

import "strconv"

// person is somebody of the company. Nobody of this name is meant.
type person struct {
	id      string
	login   string
	display string
	email   string // "" for the one whose profile shows none
	first   string
	last    string
	gone    bool // has left: dismissed, still named by old issues
}

// staff is everybody; index 0 is nobody. The robot is who automation acts as.
var staff = []person{
	{},
	hire(1, "Alina", "Ozerskaya"), hire(2, "Bogdan", "Lugovoy"), hire(3, "Vera", "Polyanova"),
	hire(4, "Gleb", "Berezin"), hire(5, "Daria", "Rucheva"), hire(6, "Egor", "Sosnin"),
	hire(7, "Zhanna", "Travina"), hire(8, "Ilya", "Kamenny"), hire(9, "Kira", "Snegova"),
	hire(10, "Lev", "Dubrovin"), hire(11, "Maya", "Yasnova"), hire(12, "Nikita", "Vetrov"),
	{id: "1130000000000099", login: "robot-tracker", display: "Robot Tracker", first: "Robot", last: "Tracker", email: "robot-tracker@example.org"},
}

const (
	nobody  index = 0
	robot   index = 13
	retired index = 12 // left the company
	unseen  index = 7  // shows no e-mail
	people  index = 12 // 1 … 12 do the work
)

func hire(n int, first, last string) person {
	p := person{
		id:    strconv.Itoa(1130000000000000 + n),
		login: lower(first[:1] + last), display: first + " " + last, first: first, last: last,
		gone: index(n) == retired,
	}
	if index(n) != unseen {
		p.email = p.login + "@example.org"
	}
	return p
}
