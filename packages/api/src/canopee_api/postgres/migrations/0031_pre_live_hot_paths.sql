-- What PCs write all the time is told by the process that wrote it: a NOTIFY in each transaction makes them wait for one another.
DROP TRIGGER tell_watchers ON changes;
DROP FUNCTION tell_watchers_of_changes();
DROP TRIGGER tell_watchers_new ON runs;
DROP TRIGGER tell_watchers_changed ON runs;
