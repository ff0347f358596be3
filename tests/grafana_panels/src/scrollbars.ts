// @grafana/ui imports this old module by its default, which bundlers find one level too deep.
import { Scrollbars } from '../node_modules/@grafana/ui/node_modules/react-custom-scrollbars-2/lib/index.js';

export default Scrollbars;
