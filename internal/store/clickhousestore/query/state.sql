SELECT doc, version, written FROM state ORDER BY written DESC LIMIT 1
