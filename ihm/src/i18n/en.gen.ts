// Written by `make gen`.
const english: Record<string, string> = {};
export default english;
