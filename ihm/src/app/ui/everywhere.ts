/*
 * What most screens are made of: it comes with the shell, in its file. Left to the bundler, each of these would be a file of its own,
 * asked for by every screen: more bytes of headers than of code.
 */
import './ago';
import './device-state';
import './page-header';
import './pager';
import './run-state';
import './search-box';
import './shown';
import './watch';
import '@core/paced';
