/** An icon as lucide gives it: SVG elements and their attributes. `import { Search } from 'lucide'`. */
export type { IconNode as Icon } from 'lucide';
