"""What the proof `enrolment` is made of."""
