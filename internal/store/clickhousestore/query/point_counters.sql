-- The newest "written" of hours, and the end of the newest sealed one.
SELECT greatest((SELECT max(written) FROM point_hours), (SELECT max(written) FROM series_hours)),
       (SELECT maxIf(hour + 3600000, sealed) FROM series_hours)
