-- The newest "written" of any row, and how many issues and runs have a number.
SELECT greatest(
           (SELECT max(written) FROM state), (SELECT max(written) FROM issues), (SELECT max(written) FROM flow),
           (SELECT max(written) FROM terms), (SELECT max(written) FROM statuses), (SELECT max(written) FROM people),
           (SELECT max(written) FROM runs)),
       (SELECT max(issue) FROM numbers), (SELECT max(run) FROM run_numbers)
